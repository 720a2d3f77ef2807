// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"strconv"

	"mdlife/vmtests/guest/array"
)

// discards make holes of any alignment in an array in some state, by a discard or with zeros: all that
// is beside them must stay, and the members must agree.
var discards = rows([]discardState{
	{name: "discard", on: array.Personality.OwnMetadata, begin: asItIs},
	{name: "discard-degraded", on: array.Personality.Redundant, begin: func(a *array.Array) error { return a.TakeOut(a.Members[1]) }},
	{name: "discard-recovery", on: array.Personality.Redundant, begin: recoverToTheMiddle},
	{name: "discard-resync", on: array.Personality.Redundant, begin: repairToTheMiddle},
	{name: "discard-reshape", on: array.HasChange("grow"), begin: reshapeToTheMiddle},
	{name: "discard-replacement", on: array.Personality.Redundant, begin: replaceToTheMiddle},
	{name: "discard-unequal", on: array.Named("linear"), begin: asItIs, unequal: true},
	{name: "discard-unequal-original", on: array.Named("raid0"), begin: asItIs, unequal: true, more: "--layout=original"},
	{name: "discard-unequal-alternate", on: array.Named("raid0"), begin: asItIs, unequal: true, more: "--layout=alternate"},
}, func(_ int, d discardState) scenario {
	return scenario{name: d.name, on: d.on, company: array.NoCompany, run: d.run}
})

// discardState is a state of an array in which holes are made.
type discardState struct {
	name    string
	on      func(array.Personality) bool
	begin   func(*array.Array) error
	unequal bool   // the members are of different sizes
	more    string // an argument of mdadm's
}

// asItIs has nothing happen to the array.
func asItIs(*array.Array) error { return nil }

// makeDisks makes disks that take discards.
func (d discardState) makeDisks(a *array.Array) error {
	return a.UseNullBlksEachWith(func(i int) map[string]string {
		attrs := map[string]string{"discard": "1"}
		if d.unequal {
			attrs["size"] = strconv.Itoa(16 + 8*i) // MiB
		}
		return attrs
	})
}

// holeCount is how many holes are made, in each of holeWays some, and holeMost how long one is at most.
const (
	holeCount = 12
	holeWays  = 3
	holeMost  = 512 << 10
)

// oddOffset leaves an odd number of chunks on each member: else, the original layout of a raid0 and the alternate
// one would be the same.
const oddOffset = "--data-offset=4112K"

// sector is what holes are aligned to.
const sector = 512

func (d discardState) run(a *array.Array) (seen string, err error) {
	var holes []array.Hole
	recipe := a.Personality.CleanIfRedundant()
	recipe.More = []string{array.DataOffset}
	if d.unequal {
		recipe.More = []string{oddOffset}
	}
	if d.more != "" {
		recipe.More = append(recipe.More, d.more)
	}
	err = array.Steps(
		a.Step("make disks", array.AllowDiscards, func() error { return d.makeDisks(a) }),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.Write),
		a.Step("come to the state", func() error { return d.begin(a) }),
		a.Step("make holes", func() (err error) {
			holes, err = d.makeHoles(a)
			return err
		}, func() error { return a.VerifyAround(holes) }),
		a.Step("go on", func() error { return goOn(a) }, func() error { return a.VerifyAround(holes) }, a.CheckMembersAgree),
		a.Step("write all anew", a.Write, a.Verify),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return fmt.Sprintf("%d of %d holes made", len(holes), holeCount), err
}

// makeHoles makes holes, and returns those that the array has taken. Where members differ in size, the first
// ones lie across the edges between them, each edge in every way: few holes at random would.
func (d discardState) makeHoles(a *array.Array) (holes []array.Hole, err error) {
	var edges []int64
	if d.unequal {
		if edges, err = memberEdges(a); err != nil {
			return nil, err
		}
	}
	for i := range holeCount {
		length := (2 + a.Rand.Int64N(holeMost/sector-1)) * sector
		first := a.Rand.Int64N((a.Data.Size-length)/sector+1) * sector
		if i < holeWays*len(edges) {
			first = edges[i%len(edges)] - (1+a.Rand.Int64N(length/sector-1))*sector
		}
		hole, err := a.MakeHole(i/max(len(edges), 1), first, first+length)
		if err != nil {
			return holes, err
		}
		if hole != nil {
			holes = append(holes, *hole)
		}
	}
	if len(holes) == 0 {
		return nil, errors.New("the array takes no discard, nor zeros")
	}
	return holes, nil
}

// memberEdges returns where in an array of members of different sizes, smallest first, the next member
// begins, or where a raid0 goes on without the smallest of those left.
func memberEdges(a *array.Array) (edges []int64, err error) {
	var edge, last int64
	members := a.First()
	for i, m := range members[:len(members)-1] {
		attr, err := a.Attr(array.MemberDir(m) + "/size")
		if err != nil {
			return nil, err
		}
		kib, err := strconv.ParseInt(attr, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the size of member %d: %w", i, err)
		}
		if a.Personality.Name == "raid0" {
			edge += (kib - last) * int64(len(members)-i)
			last = kib
		} else {
			edge += kib
		}
		edges = append(edges, edge<<10)
	}
	return edges, nil
}

// goOn lets go on what was held, if anything was.
func goOn(a *array.Array) error {
	if !a.Personality.Redundant() {
		return nil
	}
	if at, err := a.Attr("reshape_position"); err == nil && at != "none" {
		return a.EndReshape()
	}
	return array.Steps(a.LetGo, a.Settle)
}

// recoverToTheMiddle has a member rebuilt, and holds that in the middle.
func recoverToTheMiddle(a *array.Array) error {
	return array.Steps(
		func() error { return a.TakeOut(a.Members[1]) },
		a.Setting("sync_max", "0"),
		func() error { return a.Add(a.Members[1]) }, a.WaitForAction("recover"), a.WaitForHold,
		a.HoldInTheMiddle,
	)
}

// repairToTheMiddle has the array repaired, and holds that in the middle.
func repairToTheMiddle(a *array.Array) error {
	return array.Steps(a.Setting("sync_max", "0"), a.Action("repair"), a.WaitForHold, a.HoldInTheMiddle)
}

// reshapeToTheMiddle has the array grow, and holds that in the middle.
func reshapeToTheMiddle(a *array.Array) error {
	c, _ := a.Personality.ChangeNamed("grow")
	return array.Steps(func() error { return a.Prepare(c) }, a.Reshape, a.HoldInTheMiddle)
}

// replaceToTheMiddle has a member be replaced, and holds that in the middle.
func replaceToTheMiddle(a *array.Array) error {
	return array.Steps(
		a.Setting("sync_max", "0"),
		func() error { return a.Add(a.Spare()) },
		a.Setting(array.MemberDir(a.Members[1])+"/state", "want_replacement"),
		a.WaitForAction("recover"), a.WaitForHold,
		a.HoldInTheMiddle,
	)
}
