// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mdlife/kernel"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/vm"
)

func newShell() *cobra.Command {
	var variant string
	var cpus, mem int
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Boot a kernel to an interactive prompt with mdadm, udev and the race program in it",
		Long: `Boot a kernel to an interactive prompt. In the guest there are mdadm, mdstress (a race), and
mdguest (checks and windows). exit, poweroff or Ctrl-a x ends it. If standard input is not a
terminal, its lines are the commands.`,
		Example: `  mdlife shell                        # the patched kernel
  mdlife shell -variant base          # the unpatched one
  mdlife shell -variant debug -cpus 4 -mem 2048
  echo "mdguest checks R8" | mdlife shell`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	cmd.Flags().StringVar(&variant, "variant", "patched", variantHelp)
	cmd.Flags().IntVar(&cpus, "cpus", 2, "number of virtual CPUs")
	cmd.Flags().IntVar(&mem, "mem", 1024, "memory in MiB")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v, err := t.variant(variant)
		if err != nil {
			return err
		}
		if err := checkRange("cpus", cpus, 1, 64); err != nil {
			return err
		}
		if err := checkRange("mem", mem, 256, 1<<20); err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		return shell(cmd, o, v, vm.Config{CPUs: cpus, MemMiB: mem})
	}
	return cmd
}

// shell builds what is needed, then hands the terminal to the guest.
func shell(cmd *cobra.Command, o vmtests.Options, v kernel.Variant, cfg vm.Config) error {
	a, err := o.BuildKernel(cmd.Context(), v)
	if err != nil {
		return err
	}
	image, err := o.BuildImage(cmd.Context(), event.Plan{})
	if err != nil {
		return err
	}
	if image, err = a.Image(cmd.Context(), image, true); err != nil {
		return err
	}
	if cfg.Accel, err = o.DecideAccel(cmd.Context(), a, image); err != nil {
		return err
	}
	// For u-root's init: leave the console to the shell. Otherwise init puts a
	// pipe between the shell and the terminal, and the shell ends at once.
	cfg.Append = append(slices.Clone(o.Append), "--", "-test")
	cfg.Name, cfg.Kernel, cfg.Initramfs = "shell", a.BzImage(), image.Path
	fmt.Fprintf(cmd.ErrOrStderr(), "%s kernel %s; exit, poweroff or Ctrl-a x ends the guest\n", a.Label, a.Release)
	return vm.Shell(cmd.Context(), cfg)
}
