// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mdlife/internal/scaffold"
	"mdlife/vmtests"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/windows"
)

func newNew() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Begin a check, a window or a test case: a commented file that runs at once",
		Long: `Begin a test: write a commented file in the right place, which runs at once and fails
with "not written yet", and print what to do next. No file is ever overwritten.`,
		Example: `  mdlife new check R8-foo
  mdlife new window W19
  mdlife new case stop-twice`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	short := map[string]string{
		"check":  "Begin a check of a requirement, in vmtests/guest/checks",
		"window": "Begin a script that forces a race window, in vmtests/guest/windows/scripts",
		"case":   "Begin a scenario for arrays of all personalities, in vmtests/guest/arrays",
	}
	for _, kind := range scaffold.Kinds {
		cmd.AddCommand(&cobra.Command{
			Use:     kind.Name + " NAME",
			Short:   short[kind.Name],
			Example: "  mdlife new " + kind.Name + " " + kind.Example,
			Args:    oneName,
			RunE: func(cmd *cobra.Command, args []string) error {
				root, err := vmtests.FindRoot()
				if err != nil {
					return usage(err)
				}
				return begin(cmd.OutOrStdout(), kind, root, args[0])
			},
		})
	}
	return cmd
}

// oneName wants the name of a test and nothing else.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s wants one name; %s -help has an example", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

// taken reports whether a test has this name, or one that begins with it so that to ask for
// the new one would run both.
func taken(kind, name string) bool {
	switch kind {
	case "check":
		return checks.Known(name)
	case "window":
		return windows.Check([]string{name}) == nil
	}
	_, scenarios := arrays.Names()
	return slices.Contains(scenarios, name)
}

// begin writes the new file in the repository at root, and prints what to do next.
func begin(w io.Writer, kind scaffold.Kind, root, name string) error {
	if err := kind.Check(name); err != nil {
		return usage(err)
	}
	if taken(kind.Name, name) {
		also := ""
		if kind.Name == "check" {
			also = ", or one whose name begins so"
		}
		return usagef("there is a %s %s already%s: choose another name", kind.Name, name, also)
	}
	path, next, err := kind.New(root, name)
	if errors.Is(err, scaffold.ErrTaken) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s is new, and fails with \"not written yet\". Next:\n%s", path, next)
	return err
}
