// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
)

// stales are arrays that lose power while a member that has failed cannot be removed yet, as I/O hangs in
// it: its superblock is one event older than the others', which alone would be no reason to leave it out.
var stales = rows([]string{"0.90", "1.2"}, func(_ int, metadata string) scenario {
	return scenario{name: "stale-member-" + metadata, on: array.Personality.Redundant, run: func(a *array.Array) (string, error) {
		return staleMember(a, array.Recipe{Metadata: metadata, Clean: true})
	}}
})

func staleMember(a *array.Array, recipe array.Recipe) (seen string, err error) {
	err = array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(recipe)),
		// Else the array becomes clean when nothing was written for a while, which is one more event.
		a.Step("write", a.BeOwn, a.StayActive, array.WaitForOldTimer, a.Write),
		a.Unwatched(
			a.Step("a member fails that cannot be removed", func() error { return failHeld(a) }),
			a.Step("stop", array.Timely("a stop", a.Stop(array.ByIoctl)), a.MendGates),
		),
		a.Step("assemble", func() (err error) {
			seen, err = assembleWithStale(a)
			return err
		}),
		a.Step("verify", a.Settle, a.Verify),
		a.Step("stop again", a.Stop(array.ByIoctl)),
	)
	return seen, err
}

// failHeld has the first member fail while I/O waits in it, goes on without it, and cuts the power.
func failHeld(a *array.Array) error {
	if err := array.Steps(a.SettleUdev, a.Gates[0].Shut); err != nil {
		return err
	}
	io := holdFirst(a)
	err := array.Steps(
		func() error { return a.Held(io...) },
		func() error {
			if !slices.ContainsFunc(io, func(c *array.Call) bool { return !c.Over() }) {
				return errors.New("no I/O has come to the first member")
			}
			return nil
		},
		a.FailMember(0),
		array.Prefixed("degraded", array.Timely("a write", a.Write)),
		func() error { return cutPower(a) },
	)
	if err != nil {
		return errors.Join(err, a.OpenGates())
	}
	if err := io.End(); errors.Is(err, array.ErrHangs) {
		return err
	}
	return nil
}

// holdFirst begins I/O that has to wait for the first member.
func holdFirst(a *array.Array) array.BlockIO {
	if !a.Personality.Parity() {
		return a.RewriteBlocks(0) // a copy of which is there; who has written has udevd read the array
	}
	const chunk = array.ChunkKiB << 10 / array.BlockSize
	return a.ReadBlocks(true, 0, chunk, 2*chunk) // one of these is there; a write would hold the next one, too
}

// cutPower has nothing be written to the other members any more, and lets the first go on only then: md
// would remove it, and write that down.
func cutPower(a *array.Array) error {
	for _, g := range a.Gates[1:] {
		if err := g.BreakWrites(); err != nil {
			return err
		}
	}
	return a.Gates[0].Open()
}

// assembleWithStale assembles the array of all members. One that is dirty as well as degraded md refuses to
// run: then, as its owner would, by force without the stale one.
func assembleWithStale(a *array.Array) (seen string, err error) {
	err = a.Assemble(a.First())
	if err == nil {
		return "assembled of all", nil
	}
	if !strings.Contains(err.Error(), "RUN_ARRAY") {
		return "", err
	}
	return "refused, and assembled without it", array.Steps(
		func() error {
			if !a.Exists() {
				return nil
			}
			err := a.StopByIoctl()
			if errors.Is(err, fs.ErrNotExist) && md.WaitGone(a.KernelName(), array.SettleTime) { // its node goes first
				return nil
			}
			return err
		},
		func() error { return a.Assemble(a.First()[1:], "--force") },
	)
}
