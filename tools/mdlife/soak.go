// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests/event"
)

const maxSoakMinutes = 24 * 60

func newSoak() *cobra.Command {
	var minutes, devices int
	var seed uint64
	var variant string
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Run random races on several devices at once, for as long as you like",
		Example: `  mdlife soak -minutes 10
  mdlife soak -minutes 60 -variant debug -devices 8
  mdlife soak -minutes 10 -seed 1733333333`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.IntVar(&minutes, "minutes", 10, "duration in minutes")
	f.IntVar(&devices, "devices", 4, "number of devices at once")
	f.Uint64Var(&seed, "seed", 0, "seed of all choices (default: a new one, printed)")
	f.StringVar(&variant, "variant", "patched", variantHelp)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkRange("minutes", minutes, 1, maxSoakMinutes); err != nil {
			return err
		}
		if err := checkRange("devices", devices, 1, event.MaxSoakDevices); err != nil {
			return err
		}
		v, err := t.variant(variant)
		if err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		started := time.Now()
		k, err := o.Soak(cmd.Context(), v, seed, event.SoakSpec{Devices: devices, Seconds: minutes * 60})
		if err != nil {
			return err
		}
		return finish(cmd, o.Results(), reportRun(cmd, o, started, k.Plan.Seed).Soak(k))
	}
	return cmd
}
