// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/spf13/cobra"

	"mdlife/vmtests"
	"mdlife/vmtests/guest/powercut"
)

func newPower() *cobra.Command {
	var names []string
	var turns int
	var seed uint64
	var variant string
	cmd := &cobra.Command{
		Use:   "power",
		Short: "Kill the machine while arrays are written to; every acknowledged block must be there",
		Long: `Boot a guest whose disks are files. It writes to arrays of several personalities until QEMU
is killed at a random moment. Then boot it again, assemble the arrays, and read every block whose
fsync had returned; again and again. QEMU runs with cache=none, and a flush of the guest is a
flush of the files. Degraded raid5 and raid6 without a journal or PPL promise nothing for a
stripe that was being written (the write hole): blocks that are lost so are counted apart.
Exit code 0 only if nothing else was lost.`,
		Example: `  mdlife power
  mdlife power -base 6.12 -turns 50 -only raid5-ppl,raid5-journal
  mdlife power -variant base`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&names, "only", nil, "arrays, for example raid5-ppl (default: all)")
	f.IntVar(&turns, "turns", 20, "how often the machine is killed, under all arrays at once")
	f.Uint64Var(&seed, "seed", 0, "seed of the moments (default: a new one, printed)")
	f.StringVar(&variant, "variant", "patched", variantHelp)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("only") {
			if err := checkNames("only", names); err != nil {
				return err
			}
		}
		if err := powercut.Check(names...); err != nil {
			return usagef("-only: %w", err)
		}
		if err := checkRange("turns", turns, 1, 10000); err != nil {
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
		res, err := o.Power(cmd.Context(), vmtests.PowerTest{Variant: v, Arrays: names, Turns: turns, Seed: vmtests.NewSeed(seed)})
		if err != nil {
			return err
		}
		return finish(cmd, o.Results(), reportRun(cmd, o, started, res.Seed).PowerCuts(res))
	}
	return cmd
}
