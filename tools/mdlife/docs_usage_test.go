// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the tables of docs/usage.md anew")

// generated stands in docs/usage.md before all that is made from the program.
const generated = "<!-- Made from the program: go test ./tools/mdlife -run TestUsagePage -update -->\n"

// TestUsagePage: docs/usage.md has every command, flag and make target that there is, and
// no other.
func TestUsagePage(t *testing.T) {
	path := filepath.Join(repository(t), "docs", "usage.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byHand, old, found := strings.Cut(string(text), generated)
	if !found {
		t.Fatalf("%s has no line %s", path, generated)
	}
	want := makeTargets(t) + commandPages(newRoot())
	if *update {
		if err := os.WriteFile(path, []byte(byHand+generated+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != want {
		t.Errorf("docs/usage.md is not up to date, first at %q; to write it anew: go test ./tools/mdlife -run TestUsagePage -update",
			firstDifference(old, want))
	}
}

// firstDifference is the first line of want that is not in the same place of old.
func firstDifference(old, want string) string {
	lines := strings.Split(old, "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(lines) || lines[i] != line {
			return line
		}
	}
	return "the end"
}

// makeTarget matches a target of the Makefile with its help, and the variables that it takes.
var makeTarget = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## (.*)\n(?:\t\$\(call takes,([A-Z_ ]*)\))?`)

// makeVariables are the variables that docs/usage.md explains.
var makeVariables = []string{"BASE", "KERNEL_SRC", "QUICK", "SEED", "MINUTES", "SERIES", "TO", "SIGNOFF"}

// makeTargets is the section about make.
func makeTargets(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	s := "\n## make\n\n| target | what it does | variables |\n|---|---|---|\n"
	for _, m := range makeTarget.FindAllStringSubmatch(string(text), -1) {
		var variables []string
		for _, name := range strings.Fields(m[3]) {
			if !slices.Contains(makeVariables, name) || !strings.Contains(usagePage(t), "\n- `"+name+"=") {
				t.Errorf("the variable %s of make %s is not explained in docs/usage.md", name, m[1])
			}
			variables = append(variables, "`"+name+"`")
		}
		s += fmt.Sprintf("| `make %s` | %s | %s |\n", m[1], escape(m[2]), strings.Join(variables, " "))
	}
	return s
}

// commandPages has a section for mdlife and each of its commands.
func commandPages(cmd *cobra.Command) string {
	s := fmt.Sprintf("\n## %s\n\n%s\n", cmd.CommandPath(), escape(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short+"."))))
	if cmd.Example != "" {
		s += "\n```sh\n" + unindent(cmd.Example) + "\n```\n"
	}
	if cmd.HasAvailableSubCommands() {
		s += "\n| command | what it does |\n|---|---|\n"
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			s += fmt.Sprintf("| [%s](#%s) | %s |\n", sub.CommandPath(), strings.ReplaceAll(sub.CommandPath(), " ", "-"), escape(sub.Short))
		}
	}
	if rows := flagRows(cmd); rows != "" {
		s += "\n| flag | default | meaning |\n|---|---|---|\n" + rows
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			s += commandPages(sub)
		}
	}
	return s
}

// escape keeps "out/<base>/" from being taken for HTML, and a bar for the end of a cell.
func escape(s string) string { return strings.NewReplacer("<", `\<`, "|", `\|`).Replace(s) }

// unindent takes away the two blanks with which the lines of examples begin.
func unindent(examples string) string {
	lines := strings.Split(strings.TrimRight(examples, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// flagRows has a row for each flag that a command's help shows, except -help.
func flagRows(cmd *cobra.Command) (rows string) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, what := pflag.UnquoteUsage(f)
		name := "-" + f.Name
		if value != "" {
			name += " " + value
		}
		rows += fmt.Sprintf("| `%s` | %s | %s |\n", name, defaultOf(f), escape(what))
	})
	return rows
}

// defaultOf is a flag's default, "" where that says nothing.
func defaultOf(f *pflag.Flag) string {
	value := strings.Trim(f.DefValue, "[]")
	if slices.Contains([]string{"", "0", "0s", "false"}, value) {
		return ""
	}
	return "`" + value + "`"
}

// TestUsagePageHasExitCodes: docs/usage.md explains each code that there is, and no other.
func TestUsagePageHasExitCodes(t *testing.T) {
	var want, got []string
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitNotFetched, exitInterrupted} {
		want = append(want, fmt.Sprint(code))
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| `).FindAllStringSubmatch(usagePage(t), -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/usage.md has the exit codes %v, want %v", got, want)
	}
}

// TestUsagePageHasEnvironment: docs/usage.md explains each environment variable that the
// program reads, and no other.
func TestUsagePageHasEnvironment(t *testing.T) {
	read := map[string]bool{}
	getenv := regexp.MustCompile(`(?:Getenv|LookupEnv)\("([A-Z_]+)"\)`)
	root := repository(t)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "out" || d.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range getenv.FindAllStringSubmatch(string(source), -1) {
			read[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	read["XDG_CACHE_HOME"] = true // which os.UserCacheDir reads
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| ").FindAllStringSubmatch(usagePage(t), -1) {
		if !read[m[1]] {
			t.Errorf("docs/usage.md has the variable %s, which nothing reads", m[1])
		}
		delete(read, m[1])
	}
	for name := range read {
		t.Errorf("docs/usage.md does not explain the variable %s", name)
	}
}

// usagePage is the text of docs/usage.md.
func usagePage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "docs", "usage.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
