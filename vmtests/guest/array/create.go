// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mdlife/tools/md"
)

// Sizes that mdadm is told.
const (
	MemberKiB = 4096 // of each member, where mdadm takes --size
	ChunkKiB  = 16
)

// Arguments of mdadm --create.
const (
	JournalArg = "--write-journal=JOURNAL" // JOURNAL stands for the journal's disk
	PPLArg     = "--consistency-policy=ppl"
)

// Recipe is what mdadm --create is told beside the personality.
type Recipe struct {
	Metadata string // "" for the personality's default
	Bitmap   bool
	Clean    bool     // --assume-clean
	ReadOnly bool     // nothing begins before a write, or --readwrite
	Missing  bool     // the last member is
	Half     bool     // every second member is missing
	KiB      int      // of each member, 0 for MemberKiB
	More     []string // arguments
}

// HasJournal reports whether the array gets a journal, on [Array.Journal].
func (r Recipe) HasJournal() bool { return slices.Contains(r.More, JournalArg) }

// CleanIfRedundant returns the recipe of an array that has no resync.
func (p Personality) CleanIfRedundant() Recipe { return Recipe{Clean: p.Redundant()} }

// Create returns the step of creating an array, of members that udevd's rules may be
// looking at still.
func (a *Array) Create(r Recipe) func() error {
	return func() error { return RetryBusy(func() error { return a.CreateOnce(r) }) }
}

// CreateOnce has mdadm create an array, and tries only once.
func (a *Array) CreateOnce(r Recipe) error {
	members := slices.Clone(a.First())
	if r.Missing {
		members[len(members)-1] = "missing"
	}
	for i := 1; r.Half && i < len(members); i += 2 {
		members[i] = "missing"
	}
	if r.Clean {
		if err := a.equalize(); err != nil {
			return err
		}
	}
	a.forgetCompany()
	if err := a.RunMdadm(append(a.createArgs(r), members...)...); err != nil {
		return err
	}
	if !a.Exists() {
		return fmt.Errorf("mdadm --create succeeded, but there is no %s; there are %v", a.KernelName(), md.Devices())
	}
	return nil
}

// equalize clears as much of the members as redundant arrays use: --assume-clean is true only where
// nothing is left of former arrays, or else a check finds what no test has done. null_blk disks are new.
func (a *Array) equalize() error {
	if len(a.NullBlks) > 0 {
		return nil
	}
	for _, m := range a.Members[:min(a.Personality.Disks+1, len(a.Members))] { // and the one that it may grow by
		if err := Zero(m, scanned); err != nil {
			return fmt.Errorf("clear %s: %w", m, err)
		}
	}
	return nil
}

// createArgs returns the arguments of mdadm --create, without the members.
func (a *Array) createArgs(r Recipe) []string {
	p := a.Personality
	args := []string{"--create", a.newDev(), "--run", "--force", "--config=" + a.conf, "--auto=md",
		"--metadata=" + cmp.Or(r.Metadata, p.DefaultMetadata()), "--level=" + p.MdadmLevel, fmt.Sprintf("--raid-devices=%d", p.Disks)}
	if p.layout != "" {
		args = append(args, "--layout="+p.layout)
	}
	if p.chunk {
		args = append(args, fmt.Sprintf("--chunk=%d", ChunkKiB))
	}
	if p.Redundant() {
		args = append(args, fmt.Sprintf("--size=%d", cmp.Or(r.KiB, MemberKiB)))
	}
	switch {
	case r.Bitmap:
		args = append(args, "--bitmap=internal")
	case p.Redundant():
		args = append(args, "--bitmap=none")
	}
	if r.Clean {
		args = append(args, "--assume-clean")
	}
	if r.ReadOnly {
		args = append(args, "--readonly")
	}
	for _, arg := range r.More {
		args = append(args, strings.Replace(arg, "JOURNAL", a.Journal(), 1))
	}
	return args
}
