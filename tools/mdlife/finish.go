// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// reportRun says which run an outcome is of: this command's, on the base of the options.
func reportRun(cmd *cobra.Command, o vmtests.Options, started time.Time, seed uint64) report.Run {
	return report.Run{Command: commandName(cmd), Base: o.Base.Name, Started: started, Seed: seed, Userspace: o.Userspace}
}

// commandName is the command's name without the program's: "arrays", "raid6-boot".
func commandName(cmd *cobra.Command) string {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return strings.ReplaceAll(name, " ", "-")
}

// finish is how every command that judges ends: it keeps the outcome in dir, and what also
// writes of it, prints it, and fails unless it is a pass. A full disk does not keep the
// verdict from being printed.
func finish(cmd *cobra.Command, dir string, o verdict.Outcome, also ...func(verdict.Outcome) error) error {
	if o.Again == "" {
		o.Again = again(cmd, o.Seed)
	}
	err := keep(dir, &o, also...)
	if err := errors.Join(err, report.Print(cmd.OutOrStdout(), o)); err != nil {
		return err
	}
	if o.Verdict != verdict.Pass {
		return errVerdict
	}
	return nil
}

// keep completes an outcome and writes it into dir, and what also writes of it.
func keep(dir string, o *verdict.Outcome, also ...func(verdict.Outcome) error) error {
	o.Seconds = time.Since(o.Started).Seconds()
	o.Files = append(o.Files, filepath.Join(dir, report.OutcomeFile), filepath.Join(dir, report.JUnitFile))
	for i, file := range o.Files {
		o.Files[i] = shown(file)
	}
	err := report.WriteFiles(dir, *o)
	for _, write := range also {
		err = errors.Join(err, write(*o))
	}
	return err
}

// finishEarly is finish for a command that err has ended before it had tried everything: what
// it has tried is printed and kept, and is no pass. It returns err.
func finishEarly(cmd *cobra.Command, dir string, o verdict.Outcome, err error) error {
	if len(o.Suites) == 0 || len(o.Suites[len(o.Suites)-1].Results) == 0 {
		return err
	}
	o.Verdict = verdict.Fail
	o.Reasons = append(o.Reasons, "ended early: "+err.Error())
	if ended := finish(cmd, dir, o); !errors.Is(ended, errVerdict) {
		err = errors.Join(err, ended)
	}
	return err
}

// again is the command line that repeats a run: the flags that were given, and the seed.
func again(cmd *cobra.Command, seed uint64) string {
	line := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "seed" {
			line = append(line, flagText(f)...)
		}
	})
	if seed != 0 && cmd.Flags().Lookup("seed") != nil {
		line = append(line, "-seed", strconv.FormatUint(seed, 10))
	}
	return strings.Join(line, " ")
}

// flagText is a flag as a user writes it.
func flagText(f *pflag.Flag) []string {
	value := f.Value.String()
	if list, ok := f.Value.(pflag.SliceValue); ok {
		value = strings.Join(list.GetSlice(), ",")
	}
	switch {
	case f.Value.Type() == "bool" && value == "true":
		return []string{"-" + f.Name}
	case f.Value.Type() == "bool":
		return []string{"-" + f.Name + "=" + value}
	}
	return []string{"-" + f.Name, quoted(value)}
}

// quoted is a word as a shell wants it.
func quoted(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$&;|<>()*?[]{}~#!`") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// shown is a path below the repository as a user there would type it.
func shown(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	root, err := vmtests.FindRoot()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}
