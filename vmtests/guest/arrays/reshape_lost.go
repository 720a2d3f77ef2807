// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/guest/array"
)

// lostInReshape is a member that fails in the middle of a reshape, which ends without it, and
// comes back. What it has is of another geometry: it must be refused, or rebuilt. The bitmap
// is clean when it fails, and knows nothing of what the reshape has moved.
type lostInReshape struct {
	change   string
	back     string // how it comes back
	metadata string // "" for the default
}

// Ways of a member to come back.
const (
	byReAdd       = "re-add"
	byAssembly    = "assemble"
	incrementally = "incremental"
)

// reshapeLost are the rows. Metadata without a data offset, or with none that can become smaller,
// have the reshape put new data where old ones were, which raid10 does not do.
var reshapeLost = rows([]lostInReshape{
	{change: "grow", back: byReAdd}, {change: "grow", back: byAssembly}, {change: "grow", back: incrementally},
	{change: "chunk", back: byReAdd}, {change: "chunk", back: byAssembly}, {change: "chunk", back: incrementally},
	{change: "layout", back: byReAdd},
	{change: "chunk", back: byReAdd, metadata: "1.0"},
	{change: "chunk", back: byReAdd, metadata: "0.90"},
}, func(_ int, l lostInReshape) scenario {
	return scenario{name: l.name(), on: l.fits, run: l.run}
})

func (l lostInReshape) name() string {
	return strings.TrimSuffix("reshape-lost-"+l.change+"-"+l.back+"-"+l.metadata, "-")
}

func (l lostInReshape) fits(p array.Personality) bool {
	return array.HasChange(l.change)(p) && (l.metadata == "" || p.Parity())
}

// lost is the member that is lost.
func lost(a *array.Array) string { return a.Members[1] }

func (l lostInReshape) run(a *array.Array) (string, error) {
	c, _ := a.Personality.ChangeNamed(l.change)
	recipe := array.Recipe{Metadata: l.metadata, Clean: true, Bitmap: true,
		More: []string{fmt.Sprintf("--bitmap-chunk=%dK", array.RunBlocks*array.BlockSize/1024), "--delay=1"}}
	if l.metadata == "" {
		recipe.More = append(recipe.More, array.DataOffset)
	} else {
		c.Move = 0
	}
	seen := ""
	return seen, array.Steps(
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.Write, a.WaitForCleanBitmap),
		a.Step("reshape to the middle", func() error { return a.Prepare(c) }, a.Reshape, a.HoldInTheMiddle),
		a.Step("lose a member", func() error { return a.Fail(lost(a)) }, a.EndReshape, array.Prefixed("degraded", a.Verify)),
		a.Step("come back by "+l.back, func() error { return l.comeBack(a, c) }, a.Settle, a.CheckNotDegraded),
		a.Step("verify", a.Verify, a.CheckMembersAgree),
		a.Step("rely on it", a.FailMember(0), array.Prefixed("from the member that has come back", a.Verify)),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
}

// comeBack has the member come back. Where it is refused, it comes as a new disk.
func (l lostInReshape) comeBack(a *array.Array, c array.Change) error {
	all := a.After(c)
	others := slices.DeleteFunc(slices.Clone(all), func(m string) bool { return m == lost(a) })
	var steps []func() error
	if l.back == byAssembly {
		steps = append(steps, a.Stop(array.ByIoctl), func() error { return assembleAll(a, all, others) })
	} else {
		steps = append(steps, func() error { return array.Retry(func() error { return a.Remove(lost(a)) }) },
			// A new member of raid5 has the next re-add copy all, until the array is assembled anew.
			a.Stop(array.ByMdadm), func() error { return a.Assemble(others) },
			func() error { return l.ask(a) })
	}
	return array.Steps(append(steps, a.Settle, func() error { return comeAsNew(a) })...)
}

// assembleAll has mdadm assemble the array of all members, as it would after a restart. Where it
// does not take the one with another geometry, it does of the others.
func assembleAll(a *array.Array, all, others []string) error {
	err := a.Assemble(all)
	if err != nil && strings.Contains(err.Error(), "doesn't match others") {
		return a.Assemble(others)
	}
	return err
}

// ask asks for the member to be taken: a refusal is as good.
func (l lostInReshape) ask(a *array.Array) error {
	if l.back == byReAdd {
		_ = a.ReAdd(lost(a))
	} else {
		_ = a.AddIncrementally(lost(a))
	}
	return nil
}

// comeAsNew adds the member as a new disk, if it is not in the array.
func comeAsNew(a *array.Array) error {
	state, _ := a.Attr(array.MemberDir(lost(a)) + "/state")
	if cmp.Or(state, "none") != "none" {
		return nil
	}
	return array.Steps(func() error { return array.Wipe(lost(a)) }, func() error { return a.Add(lost(a)) })
}
