// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/kernel"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
)

// raceFlags are the flags of mdlife race.
type raceFlags struct {
	stop             string
	members, openers int
	cycles           int
	duration         time.Duration
	seed             uint64
	kernels          []string
}

func newRace() *cobra.Command {
	var fl raceFlags
	cmd := &cobra.Command{
		Use:   "race",
		Short: "Run one race on the kernels of your choice, and print its figures",
		Long:  "Race opens against one way of stopping on each kernel. Exit code 0 only if no kernel but the\nunpatched one breaks a rule, and no guest ends early.",
		Example: `  mdlife race                                    # 10 s of ioctl stops on both kernels
  mdlife race -stop sysfs -members 2 -openers 4 -race 1m
  mdlife race -kernels patched,debug -cycles 5000 -seed 42`,
		Args: noArgs,
	}
	t := addTarget(cmd)
	f := cmd.Flags()
	f.StringVar(&fl.stop, "stop", event.StopIoctl, "how the array is stopped: ioctl, sysfs or named (made by name, stopped by ioctl)")
	f.IntVar(&fl.members, "members", 0, "0: an array without members; 2: raid1 on two brd disks")
	f.IntVar(&fl.openers, "openers", 2, "number of threads that open")
	f.DurationVar(&fl.duration, "race", vmtests.DefaultRace, "duration of the race")
	f.IntVar(&fl.cycles, "cycles", 0, "end after this many stop cycles (0: only by time)")
	f.Uint64Var(&fl.seed, "seed", 0, "seed (default: a new one, printed)")
	f.StringSliceVar(&fl.kernels, "kernels", []string{"unpatched", "patched"}, kernelsHelp)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		variants, err := fl.check()
		if err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		return fl.run(cmd, o, variants)
	}
	return cmd
}

// check refuses flags out of range and returns the kernels to boot.
func (fl *raceFlags) check() ([]kernel.Variant, error) {
	if !slices.Contains([]string{event.StopIoctl, event.StopSysfs, event.StopNamed}, fl.stop) {
		return nil, usagef("-stop %s: want ioctl, sysfs or named", fl.stop)
	}
	if fl.members != 0 && fl.members != 2 {
		return nil, usagef("-members %d: want 0 or 2", fl.members)
	}
	if err := checkRange("openers", fl.openers, 1, 64); err != nil {
		return nil, err
	}
	if err := checkRange("cycles", fl.cycles, 0, 10_000_000); err != nil {
		return nil, err
	}
	if err := checkRace(fl.duration); err != nil {
		return nil, err
	}
	return parseKernels(fl.kernels)
}

// kernelsHelp is the help text of the flag -kernels.
var kernelsHelp = "any of " + variantNames()

// parseKernels returns the variants of these names.
func parseKernels(names []string) ([]kernel.Variant, error) {
	if len(names) == 0 {
		return nil, usagef("-kernels: want %s", kernelsHelp)
	}
	var variants []kernel.Variant
	for _, name := range names {
		v, err := parseVariant(name)
		if err != nil {
			return nil, usagef("-kernels %s: want %s", strings.Join(names, ","), kernelsHelp)
		}
		variants = append(variants, v)
	}
	return variants, nil
}

// chosen checks the flags -only, of tests by name, and -kernels, and those of t.
func (t *target) chosen(cmd *cobra.Command, names, kernels []string, tests func([]string) vmtests.Tests) (vmtests.Options, []kernel.Variant, error) {
	if err := checkNames("only", names); err != nil {
		return vmtests.Options{}, nil, err
	}
	variants, err := parseKernels(kernels)
	if err != nil {
		return vmtests.Options{}, nil, err
	}
	if err := tests(names).Check(variants...); err != nil {
		return vmtests.Options{}, nil, testsError("only", "kernels", err)
	}
	o, err := t.options(cmd)
	return o, variants, err
}

// testsError is what is wrong with a flag that names tests; choose is the flag of the
// kernels to run them on.
func testsError(flag, choose string, err error) error {
	if errors.Is(err, vmtests.ErrWantsModules) {
		return usagef("-%s: %w: -%s %s", flag, err, choose, kernel.VariantModular)
	}
	return usagef("-%s: %w", flag, err)
}

// name is what the race is called in phases and tables.
func (fl *raceFlags) name() string {
	if fl.members > 0 {
		return fl.stop + "-raid1"
	}
	return fl.stop
}

// run boots the kernels one after the other and prints what each reported.
func (fl *raceFlags) run(cmd *cobra.Command, o vmtests.Options, variants []kernel.Variant) error {
	started := time.Now()
	fl.seed = vmtests.NewSeed(fl.seed)
	plan := vmtests.RacePlan(fl.seed, event.RaceSpec{
		Name: fl.name(), Stop: fl.stop, Members: fl.members, Openers: fl.openers,
		Millis: int(fl.duration.Milliseconds()), Cycles: fl.cycles,
	})
	guests, err := vmtests.RunEach(cmd.Context(), o, variants, plan)
	if err != nil {
		return err
	}
	return finish(cmd, o.Results(), reportRun(cmd, o, started, fl.seed).Races(guests))
}
