// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/initramfs"
	"mdlife/internal/cachedir"
	"mdlife/internal/progress"
	"mdlife/kernel"
	"mdlife/vmtests"
	"mdlife/vmtests/vm"
)

// maxRace keeps a mistyped duration from racing for a day.
const maxRace = time.Hour

// target holds the flags that say which kernels and how to boot them; the
// subcommands share it.
type target struct {
	base, series, tree, accel, params, userspace string
}

// addTarget adds the flags -base, -tree, -accel, -append and -userspace.
func addTarget(cmd *cobra.Command) *target {
	t := addSources(cmd)
	cmd.Flags().StringVar(&t.accel, "accel", "", "kvm or tcg (default: kvm if a test boot with it succeeds, otherwise tcg)")
	cmd.Flags().StringVar(&t.params, "append", "", "more kernel parameters for all guests")
	addUserspace(cmd, t)
	return t
}

// addUserspace adds the flag -userspace.
func addUserspace(cmd *cobra.Command, t *target) {
	cmd.Flags().StringVar(&t.userspace, "userspace", "",
		"release of Debian whose mdadm and udevd guests have: "+strings.Join(initramfs.Userspaces(), ", ")+" (default: the one that the base's kernel belongs to)")
}

// addSources adds the flags -base, -series and -tree: all that a kernel is built from.
func addSources(cmd *cobra.Command) *target {
	t := addBase(cmd)
	addSeries(cmd, t)
	cmd.Flags().StringVar(&t.tree, "tree", "", "a kernel tree of your own, which takes the place of the base with the series")
	return t
}

// addBase adds only the flag -base, for subcommands that boot nothing.
func addBase(cmd *cobra.Command) *target {
	t := &target{}
	cmd.Flags().StringVar(&t.base, "base", "6.1", "kernel to start from: "+strings.Join(baseNames(), ", "))
	return t
}

// addSeries adds the flag -series.
func addSeries(cmd *cobra.Command, t *target) {
	cmd.Flags().StringVar(&t.series, "series", allParts, "parts of the base's series to take: one, several as A,B, or all")
}

// allParts is what -series takes for all parts.
const allParts = "all"

// chooseSeries sets the parts that -series names, which the base must have.
func (t *target) chooseSeries(cmd *cobra.Command, o *vmtests.Options) error {
	if cmd.Flags().Lookup("series") == nil || t.series == allParts {
		return nil
	}
	o.Series = strings.Split(t.series, ",")
	if err := checkNames("series", o.Series); err != nil {
		return err
	}
	if _, err := o.Parts(); err != nil {
		return fmt.Errorf("-series %s: %w", t.series, err)
	}
	return nil
}

// options checks the flags and turns them into what package vmtests wants.
func (t *target) options(cmd *cobra.Command) (vmtests.Options, error) {
	o := vmtests.Options{Command: commandName(cmd), Tree: t.tree, Append: strings.Fields(t.params)}
	var err error
	if o.Base, err = findBase("base", t.base); err != nil {
		return o, err
	}
	if o.Userspace, err = t.chosenUserspace(cmd); err != nil {
		return o, err
	}
	if !slices.Contains([]string{"", "kvm", "tcg"}, t.accel) {
		return o, usagef("-accel %s: want kvm or tcg", t.accel)
	}
	if t.tree != "" || cmd.Flags().Changed("tree") {
		if err := vmtests.CheckTree(t.tree); err != nil {
			return o, usagef("-tree: %w", err)
		}
		if o.Tree, err = filepath.Abs(t.tree); err != nil {
			return o, err
		}
	}
	if o.Root, err = vmtests.FindRoot(); err != nil {
		return o, usage(err)
	}
	if err := t.chooseSeries(cmd, &o); err != nil {
		return o, err
	}
	if err := cachedir.Check(); err != nil {
		return o, err
	}
	if o.Accel, err = vm.Choose(cmd.Context(), vm.Accel(t.accel)); err != nil {
		return o, err
	}
	o.Progress = progress.New(cmd.Context(), cmd.ErrOrStderr())
	if o.Tree != "" {
		noteNearer(o)
	}
	return o, nil
}

// chosenUserspace checks the flag -userspace: an empty variable of a script must not choose one.
func (t *target) chosenUserspace(cmd *cobra.Command) (string, error) {
	if f := cmd.Flags().Lookup("userspace"); f == nil || !f.Changed {
		return "", nil
	}
	if _, err := initramfs.FindUserspace(t.userspace); err != nil {
		return "", usagef("-userspace: %w", err)
	}
	return t.userspace, nil
}

// noteNearer says so where another base has more in common with the tree: what the
// verdict asks for depends on the base.
func noteNearer(o vmtests.Options) {
	near, version, err := kernel.NearestBase(o.Tree)
	if err == nil && near.Name != o.Base.Name {
		o.Progress.Printf("    note  the tree is %s, and is compared with %s: -base %s (make: BASE=%s) is nearer", version, o.Base.Name, near.Name, near.Name)
	}
}

// checkNames makes sure that a flag for names names something: an empty variable
// of a script must not select nothing, and pass.
func checkNames(flag string, names []string) error {
	if len(names) == 0 || slices.Contains(names, "") {
		return usagef("-%s: want a name, or several as A,B", flag)
	}
	return nil
}

// findBase is kernel.FindBase with the mistake marked as the user's.
func findBase(flag, name string) (kernel.Base, error) {
	base, err := kernel.FindBase(name)
	if err != nil {
		return base, usagef("-%s: %w", flag, err)
	}
	return base, nil
}

// baseNames lists the bases for help texts.
func baseNames() []string {
	var names []string
	for _, b := range kernel.Bases() {
		names = append(names, b.Name)
	}
	return names
}

// variantHelp is the help text of the flag -variant.
var variantHelp = "one of " + variantNames() + "; unpatched is the kernel without the series"

// variantNames lists the variants for messages.
func variantNames() string {
	var names []string
	for _, v := range kernel.Variants() {
		if v == kernel.VariantBase {
			names = append(names, "unpatched (or "+string(v)+")")
			continue
		}
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}

// parseVariant checks a -variant flag.
func parseVariant(s string) (kernel.Variant, error) {
	if s == "unpatched" {
		return kernel.VariantBase, nil
	}
	if v := kernel.Variant(s); slices.Contains(kernel.Variants(), v) {
		return v, nil
	}
	return "", usagef("-variant %s: want one of %s", s, variantNames())
}

// variant is parseVariant for a command of one kernel, which a tree must be of use to.
func (t *target) variant(s string) (kernel.Variant, error) {
	v, err := parseVariant(s)
	if err == nil && v == kernel.VariantBase && t.tree != "" {
		return v, usagef("-tree %s -variant %s: the unpatched kernel is the base's, and not your tree's; leave one of the flags out", t.tree, s)
	}
	return v, err
}

// checkRange refuses a number outside of lo to hi.
func checkRange(flag string, n, lo, hi int) error {
	if n < lo || n > hi {
		return usagef("-%s %d: want %d to %d", flag, n, lo, hi)
	}
	return nil
}

// checkRace refuses durations that make no race.
func checkRace(d time.Duration) error {
	if d < 100*time.Millisecond || d > maxRace {
		return usagef("-race %v: want 100ms to %v", d, maxRace)
	}
	return nil
}

// printTimings prints how long each phase took, the longest first.
func printTimings(cmd *cobra.Command, tr *progress.Tracker, wall time.Duration) {
	ts := tr.Summary()
	slices.SortStableFunc(ts, func(a, b progress.Timing) int { return int(b.Took - a.Took) })
	w := cmd.ErrOrStderr()
	fmt.Fprintf(w, "\nPhases (some overlap), %.1f s in all:\n", wall.Seconds())
	for _, t := range ts {
		fmt.Fprintf(w, "%8.2f s  %s\n", t.Took.Seconds(), t.Name)
	}
}
