// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests"
	"mdlife/vmtests/event"
)

func newWindows() *cobra.Command {
	var names, kernels []string
	cmd := &cobra.Command{
		Use:   "windows",
		Short: "Force the race windows, one by one, on the kernels of your choice",
		Long: `Boot the kernels one after the other and force the race windows in each: one side of the
race is held at a place in the kernel while the other acts. Exit code 0 only if the unpatched
kernel fails in each window with its known result, and the other kernels hold. The scripts are in
vmtests/guest/windows/scripts; docs/windows.md explains them.`,
		Example: `  mdlife windows
  mdlife windows -only W2b,W3 -kernels patched,debug`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&names, "only", []string{event.AllWindows}, "windows, for example W1,W2b")
	f.StringSliceVar(&kernels, "kernels", []string{"unpatched", "patched"}, kernelsHelp)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, variants, err := t.chosen(cmd, names, kernels, vmtests.WindowTests)
		if err != nil {
			return err
		}
		started := time.Now()
		plan, err := vmtests.WindowTests(names).Plan(0)
		if err != nil {
			return err
		}
		guests, err := vmtests.RunEach(cmd.Context(), o, variants, plan)
		if err != nil {
			return err
		}
		return finish(cmd, o.Results(), reportRun(cmd, o, started, 0).Windows(guests))
	}
	return cmd
}
