// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	userfault "mdlife/internal/usage"
)

// errVerdict ends a command whose output has already told why it failed.
var errVerdict = errors.New("not a pass")

// usage marks err as the user's mistake: exit code 2.
func usage(err error) error { return usagef("%w", err) }

// usagef is [usage] of a formatted error.
func usagef(format string, args ...any) error { return userfault.Errorf(format, args...) }

// isUsage reports whether err is the user's mistake.
func isUsage(err error) bool { return errors.Is(err, userfault.Err) }

// noArgs refuses positional arguments, which no subcommand takes.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return unknownCommand(cmd, args[0])
	}
	return usagef("%s takes no argument %q; %s -help shows its flags", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// unknownCommand refuses a word where a subcommand of cmd is wanted.
func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usagef("unknown command %q; %s has %s", word, cmd.CommandPath(), strings.Join(names, ", "))
}

// flagError says what is wrong with a flag as mdlife writes them, with one dash.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return usagef("unknown flag -%s%s; %s -help shows its flags", unknown.GetSpecifiedName(),
			otherFlag(cmd, unknown.GetSpecifiedName()), cmd.CommandPath())
	case errors.As(err, &empty):
		return usagef("-%s: want %s", empty.GetSpecifiedName(), wanted(empty.GetFlag(), err))
	case errors.As(err, &invalid):
		return usagef("%s: want %s", strings.TrimSpace("-"+invalid.GetFlag().Name+" "+invalid.GetValue()), wanted(invalid.GetFlag(), invalid.Unwrap()))
	}
	return usagef("%w; %s -help shows its flags", err, cmd.CommandPath())
}

// wanted is what a flag takes; why is for those whose type says too little.
func wanted(f *pflag.Flag, why error) string {
	switch f.Value.Type() {
	case "int", "uint64":
		return "a number"
	case "duration":
		return "a duration such as 30s"
	case "bool":
		return "true or false"
	case "string":
		return "a word"
	case "stringSlice":
		return "words, as A,B"
	}
	return fmt.Sprintf("another value (%v)", why)
}

// otherFlag says so where a command chooses its kernels by another flag than the one
// that it does not know.
func otherFlag(cmd *cobra.Command, name string) string {
	other := map[string]string{"variant": "kernels", "kernels": "variant"}[name]
	if other == "" || cmd.Flags().Lookup(other) == nil {
		return ""
	}
	return ", but there is -" + other
}

// newHelp is cobra's command help, which knows no mistakes.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Explain mdlife or one of its commands",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return usage(err)
			}
			if err := noArgs(about, rest); err != nil {
				return err
			}
			about.InitDefaultHelpFlag() // cobra adds it only to what it executes
			return about.Help()
		},
	}
}

// doubleDashes turns Go's way of writing long flags (-base 6.1) into pflag's
// (--base 6.1). mdlife has no flag of one letter but -h. What follows "--" is
// left alone.
func doubleDashes(args []string) []string {
	out := make([]string, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if len(arg) > 2 && arg[0] == '-' && isLetter(arg[1]) {
			arg = "-" + arg
		}
		out = append(out, arg)
	}
	return out
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
