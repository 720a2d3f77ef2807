// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests"
)

const maxClientCycles = 10_000

func newClient() *cobra.Command {
	var kernels []string
	var cycles int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Let mdadm and udev make, use and stop arrays in a loop, under a stray reader",
		Long: `Boot the kernels one after the other. In each, Debian's mdadm makes random arrays, numbered
or named, while systemd-udevd and a stray reader run. It watches them (--monitor), fails members
and adds them again, grows and stops the arrays, finds them again by uuid, by scan and
incrementally, and stops them. Every fifth cycle has two arrays and one --stop --scan. The table
shows what failed, and how many devices were there after a stop: at once, and 0.3 s later.
Exit code 0 only if nothing fails and no device stays on any kernel but the unpatched one.`,
		Example: `  mdlife client -cycles 100
  mdlife client -base 6.12 -kernels patched -seed 1733333333`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.IntVar(&cycles, "cycles", 100, "number of cycles")
	f.StringSliceVar(&kernels, "kernels", []string{"unpatched", "patched"}, kernelsHelp)
	f.Uint64Var(&seed, "seed", 0, "seed of all choices (default: a new one, printed)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkRange("cycles", cycles, 1, maxClientCycles); err != nil {
			return err
		}
		variants, err := parseKernels(kernels)
		if err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		started := time.Now()
		plan := vmtests.ClientPlan(vmtests.NewSeed(seed), cycles)
		guests, err := vmtests.RunEach(cmd.Context(), o, variants, plan)
		if err != nil {
			return err
		}
		return finish(cmd, o.Results(), reportRun(cmd, o, started, plan.Seed).Client(guests))
	}
	return cmd
}
