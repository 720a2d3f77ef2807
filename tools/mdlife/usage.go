// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mdlife/kernel"
)

// errVerdict ends a command whose output has already told why it failed.
var errVerdict = errors.New("not a pass")

// usageError is a mistake in what the user asked for: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usage marks err as the user's mistake.
func usage(err error) error { return usageError{err} }

// usagef is [usage] of a formatted error.
func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// isUsage tells whether err is the user's mistake.
func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u) || errors.Is(err, kernel.ErrUsage)
}

// noArgs refuses positional arguments, which no subcommand takes.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return unknownCommand(cmd, args[0])
	}
	return usagef("%s takes no argument %q; %s --help shows its flags", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// unknownCommand refuses a word where a subcommand of cmd is wanted.
func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usagef("%s: unknown command %q; there are %s", cmd.CommandPath(), word, strings.Join(names, ", "))
}

// newHelp is cobra's command help, which knows no mistakes.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Tell about mdlife or one of its commands",
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
		if len(arg) > 2 && arg[0] == '-' && isLetter(arg[1]) && !strings.ContainsAny(arg[:2], " ") {
			arg = "-" + arg
		}
		out = append(out, arg)
	}
	return out
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
