// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// silent is a fault that no I/O error reports: a member does not hold what was
// written to it. A check counts that the members do not agree, and a repair makes them
// agree. Which data they agree on is up to md, which cannot know which of them are right: the
// first mirror, and the data of a stripe rather than its parity. So what was changed
// comes out right again in a second mirror and in parity, and stays wrong in the data
// of a stripe; and without redundancy nothing but the pattern can tell.
type silent struct {
	name     string
	on       func(array.Personality) bool
	degraded bool // a member fails that has nothing to do with it
	corrupt  func(*scene) error
	wrong    func(s *scene) map[uint64]string // what the pattern then says of the blocks, where nobody can put it right
}

// silentFaults are the ways of a member to hold something else.
var silentFaults = []silent{
	{name: "torn", on: array.Personality.Any, corrupt: (*scene).tear, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: array.Torn}
	}},
	{name: "lost", on: array.Personality.Any, corrupt: (*scene).lose, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: s.former()}
	}},
	{name: "misdirected", on: array.Personality.Any, corrupt: (*scene).misdirect, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: s.former(), s.other: fmt.Sprintf("is block %d", s.block)}
	}},
	{name: "parity", on: array.Personality.Parity, corrupt: (*scene).spoilParity},
	// What raid10 has lost with a member is only a part of its redundancy: the rest can be
	// checked and repaired still.
	{name: "degraded", on: array.Personality.IsRaid10, degraded: true, corrupt: (*scene).tear},
}

// silents have such a fault happen.
var silents = rows(silentFaults, func(_ int, f silent) scenario {
	return scenario{name: "silent-" + f.name, on: f.on, company: array.ReadsOnly, run: f.run}
})

// scene is where a silent fault happens: at a block of the pattern, of which a member
// has kept what was there before the last writing, or at another one there.
type scene struct {
	data          *array.Pattern
	block, other  uint64
	at, elsewhere array.Place
	idle          string        // a member that has none of it
	before        []byte        // what was at the place
	stripe        []array.Place // the parity that belongs to it
}

// run writes twice, has the fault happen while the array is stopped, and looks who
// notices.
func (f silent) run(a *array.Array) (found string, err error) {
	s := &scene{data: &a.Data}
	err = array.Steps(
		a.Step("create", a.Create(array.Recipe{}), a.Settle),
		a.Step("write", func() error {
			return array.Steps(a.BeOwn, a.Write, func() error { return s.find(a) }, a.Write, a.CheckMembersAgree)
		}),
		a.Step("stop, and change a member", a.Stop(array.ByIoctl), func() error { return f.corrupt(s) }),
		a.Step("assemble", a.AssembleFirst),
	)
	if err == nil && f.degraded {
		err = array.Steps(func() error { return a.Fail(s.idle) }, a.Settle)
	}
	if err == nil {
		found, err = f.notice(a, s)
	}
	if err != nil {
		return "", err
	}
	return found, a.Do("stop", a.Stop(array.ByMdadm))
}

// notice wants a check to notice where there is one, and all to be right afterwards
// that can be.
func (f silent) notice(a *array.Array, s *scene) (found string, err error) {
	err = array.Steps(
		a.Step("check and repair", func() (err error) {
			if a.Personality.Redundant() {
				found, err = repair(a)
				return err
			}
			found = "nothing but the pattern can tell"
			return hasNothingToCompare(a)
		}),
		a.Step("verify", func() error { return f.verify(a, s) }),
	)
	return found, err
}

// hasNothingToCompare fails if md can check an array without redundancy.
func hasNothingToCompare(a *array.Array) error {
	if _, err := a.Attr("sync_action"); !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("md/sync_action is there (%v), though there is nothing to compare", err)
	}
	return nil
}

// verify wants just those blocks to be wrong that nobody can put right.
func (f silent) verify(a *array.Array, s *scene) error {
	want := map[uint64]string{}
	if f.wrong != nil && !a.Personality.Mirrors() {
		want = f.wrong(s)
	}
	wrong, err := a.Data.Damage(a.Dev())
	if err == nil && !maps.Equal(wrong, want) {
		err = fmt.Errorf("wrong are %v, and not %v", wrong, want)
	}
	return err
}

// repair has md look, put right what it finds, and look again.
func repair(a *array.Array) (string, error) {
	counted, err := a.Mismatches("check")
	if err == nil && counted == 0 {
		err = errors.New("md/mismatch_cnt is 0 after a check, though a member was changed")
	}
	if err != nil {
		return "", err
	}
	repaired, err := a.Mismatches("repair")
	if err == nil && repaired != counted {
		err = fmt.Errorf("a check counts %d, a repair %d", counted, repaired)
	}
	if err != nil {
		return "", err
	}
	if err := a.CheckMembersAgree(); err != nil {
		return "", fmt.Errorf("repaired, but %w", err)
	}
	return fmt.Sprintf("a check counts %d sectors, and none after a repair", counted), nil
}

// find chooses the places, and keeps what is there. Of mirrors it is the last one, and
// for both blocks on the same member.
func (s *scene) find(a *array.Array) error {
	members := a.First()
	if a.Personality.Paths {
		members = members[:1] // they are one disk
	}
	places, err := s.data.Places(members)
	if err != nil {
		return err
	}
	// Of the first run, all of whose stripes are written. Each member has something before it.
	s.block = array.RunBlocks/2 + uint64(a.Rand.IntN(array.RunBlocks/2))
	if err := s.choose(members, places); err != nil {
		return err
	}
	if s.before, err = s.at.Read(); err != nil || !a.Personality.Parity() {
		return err
	}
	s.stripe, err = s.data.ParityBeside(s.at, members)
	if err == nil && len(s.stripe) != a.Personality.MaxLost {
		err = fmt.Errorf("beside block %d there are %d blocks of parity, and not %d", s.block, len(s.stripe), a.Personality.MaxLost)
	}
	return err
}

// choose chooses the block's place, and another one on the same member.
func (s *scene) choose(members []string, places map[uint64][]array.Place) error {
	if len(places[s.block]) == 0 {
		return fmt.Errorf("block %d is on no member", s.block)
	}
	s.at = last(places[s.block])
	s.idle = without(members, places[s.block])
	for _, n := range slices.Sorted(maps.Keys(places)) {
		if p := last(places[n]); n >= array.RunBlocks && p.Member == s.at.Member {
			s.other, s.elsewhere = n, p
			return nil
		}
	}
	return fmt.Errorf("no other block is on %s", s.at.Node)
}

func last(places []array.Place) array.Place { return places[len(places)-1] }

// without returns a member with none of these places, the last of them, or "".
func without(members []string, places []array.Place) (idle string) {
	for _, m := range members {
		if !slices.ContainsFunc(places, func(p array.Place) bool { return p.Node == m }) {
			idle = m
		}
	}
	return idle
}

// former returns what the pattern says of a block that the last writing has not reached.
func (s *scene) former() string {
	return fmt.Sprintf("is of writing %d, not %d", s.data.Generation-1, s.data.Generation)
}

// tear has only the first half of the block reach the disk.
func (s *scene) tear() error {
	now, err := s.at.Read()
	if err != nil {
		return err
	}
	return s.at.Write(slices.Concat(now[:array.BlockSize/2], s.before[array.BlockSize/2:]))
}

// lose has the block not reach the disk.
func (s *scene) lose() error { return s.at.Write(s.before) }

// misdirect has the block reach another place of the disk.
func (s *scene) misdirect() error {
	now, err := s.at.Read()
	if err != nil {
		return err
	}
	return array.Steps(func() error { return s.elsewhere.Write(now) }, s.lose)
}

// spoilParity changes a bit of all the parity that there is.
func (s *scene) spoilParity() error {
	for _, p := range s.stripe {
		block, err := p.Read()
		if err != nil {
			return err
		}
		block[100] ^= 1
		if err := p.Write(block); err != nil {
			return err
		}
	}
	return nil
}
