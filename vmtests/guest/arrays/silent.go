// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// silent is a fault that no I/O error tells of: what a member holds is not what was
// written to it. A check counts that the members do not agree, and a repair makes them
// agree. What they agree on is up to md, which cannot know which of them is right: the
// first mirror, and the data of a stripe rather than its parity. So what was changed
// comes out right again in a second mirror and in parity, and stays wrong in the data
// of a stripe; and without redundancy nothing but the pattern can tell.
type silent struct {
	name     string
	can      func(level) bool
	parity   bool // it befalls the parity of a stripe
	degraded bool // a member fails that has nothing to do with it
	harm     func(*scene) error
	wrong    func(s *scene) map[uint64]string // what the pattern then says of the blocks, where nobody can put it right
}

var silentFaults = []silent{
	{name: "torn", can: anyLevel, harm: (*scene).tear, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: torn}
	}},
	{name: "lost", can: anyLevel, harm: (*scene).lose, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: s.former()}
	}},
	{name: "misdirected", can: anyLevel, harm: (*scene).misdirect, wrong: func(s *scene) map[uint64]string {
		return map[uint64]string{s.block: s.former(), s.other: fmt.Sprintf("is block %d", s.block)}
	}},
	{name: "parity", can: level.parity, parity: true, harm: (*scene).spoilParity},
	{name: "degraded", can: level.partly, degraded: true, harm: (*scene).tear},
}

// silents are cells with such faults.
func silents(l level) []cell {
	var all []cell
	for _, s := range silentFaults {
		if s.can(l) {
			all = append(all, cell{name: l.name + "/silent-" + s.name, level: l, run: s.run})
		}
	}
	return all
}

// scene is where a silent fault happens: at a block of the pattern, of which a member
// has kept what was there before the last writing, or at another one there.
type scene struct {
	p             pattern
	block, other  uint64
	at, elsewhere place
	idle          string  // a member that has none of it
	before        []byte  // what was at the place
	stripe        []place // the parity that belongs to it
}

// place is where on which member something is.
type place struct {
	member int
	node   string
	offset int64
}

// scanned is how much of each member is looked through: more than redundant arrays use.
const scanned = 16 << 20

// run writes twice, has the fault happen while the array is stopped, and looks who
// notices.
func (f silent) run(ctx context.Context, r *rig) (string, error) {
	r.does("create")
	if err := errors.Join(r.make(ctx, recipe{metadata: r.level.usual()}), r.settle(ctx)); err != nil {
		return "", err
	}
	// A generation of its own, for members have blocks of other cells on them.
	s := &scene{p: pattern{generation: 1<<30 + uint64(r.rng.Int32N(1<<30))}}
	r.does("write")
	if err := s.p.write(r.dev()); err != nil {
		return "", err
	}
	if err := s.find(r); err != nil {
		return "", err
	}
	if err := errors.Join(s.p.write(r.dev()), check(ctx, r, nil)); err != nil {
		return "", err
	}
	r.does("stop, and change a member")
	if err := errors.Join(r.halt(ctx, stopWays[1]), f.harm(s)); err != nil {
		return "", err
	}
	r.does("assemble")
	if err := r.assemble(ctx, r.members[:r.level.members]); err != nil {
		return "", err
	}
	if f.degraded {
		if err := errors.Join(r.mdadm(ctx, r.dev(), "--fail", s.idle), r.settle(ctx)); err != nil {
			return "", err
		}
	}
	found, err := f.notice(ctx, r, s)
	if err != nil {
		return "", err
	}
	r.does("stop")
	return found, r.halt(ctx, stopWays[0])
}

// notice wants a check to notice where there is one, and all to be right afterwards
// that can be.
func (f silent) notice(ctx context.Context, r *rig, s *scene) (found string, err error) {
	r.does("check and repair")
	if r.level.redundant() {
		found, err = r.repaired(ctx)
	} else if _, err = md.ReadAttr(r.kernelName(), "md/sync_action"); errors.Is(err, unix.ENOENT) {
		found, err = "nothing but the pattern can tell", nil
	} else {
		err = fmt.Errorf("md/sync_action is there (%v), though there is nothing to compare", err)
	}
	if err != nil {
		return "", err
	}
	r.does("verify")
	want := map[uint64]string{}
	if f.wrong != nil && (r.level.parity() || !r.level.redundant()) {
		want = f.wrong(s)
	}
	wrong, err := s.p.wrong(r.dev())
	if err == nil && !maps.Equal(wrong, want) {
		err = fmt.Errorf("wrong are %v, and not %v", wrong, want)
	}
	return found, err
}

// repaired has md look, put right what it finds, and look again.
func (r *rig) repaired(ctx context.Context) (string, error) {
	counted, err := r.mismatches(ctx, "check")
	if err == nil && counted == 0 {
		err = errors.New("md/mismatch_cnt is 0 after a check, though a member was changed")
	}
	if err != nil {
		return "", err
	}
	repaired, err := r.mismatches(ctx, "repair")
	if err == nil && repaired != counted {
		err = fmt.Errorf("a check counts %d, a repair %d", counted, repaired)
	}
	if err != nil {
		return "", err
	}
	if err := check(ctx, r, nil); err != nil {
		return "", fmt.Errorf("repaired, but %w", err)
	}
	return fmt.Sprintf("a check counts %d sectors, and none after a repair", counted), nil
}

// find chooses the places, and keeps what is there. Of mirrors it is the last one, and
// for both blocks on the same member.
func (s *scene) find(r *rig) error {
	members := r.members[:r.level.members]
	if r.level.paths {
		members = members[:1] // they are one disk
	}
	places, err := s.p.places(members)
	if err != nil {
		return err
	}
	// Of the first run, all of whose stripes are written. Each member has something before it.
	s.block = runBlocks/2 + uint64(r.rng.IntN(runBlocks/2))
	if len(places[s.block]) == 0 {
		return fmt.Errorf("block %d is on no member", s.block)
	}
	s.at = last(places[s.block])
	s.idle = without(members, places[s.block])
	for _, n := range slices.Sorted(maps.Keys(places)) {
		if p := last(places[n]); n >= runBlocks && p.member == s.at.member {
			s.other, s.elsewhere = n, p
			break
		}
	}
	if s.other == 0 {
		return fmt.Errorf("no other block is on %s", s.at.node)
	}
	if s.before, err = s.at.read(); err != nil || !r.level.parity() {
		return err
	}
	s.stripe, err = s.p.parityBeside(s.at, members)
	if err == nil && len(s.stripe) != r.level.lose {
		err = fmt.Errorf("beside block %d there are %d blocks of parity, and not %d", s.block, len(s.stripe), r.level.lose)
	}
	return err
}

func last(places []place) place { return places[len(places)-1] }

// without is a member with none of these places, the last of them, or "".
func without(members []string, places []place) (idle string) {
	for _, m := range members {
		if !slices.ContainsFunc(places, func(p place) bool { return p.node == m }) {
			idle = m
		}
	}
	return idle
}

// places finds the pattern's blocks on members. Of those that are there several times,
// the places are in the order in which md counts the copies.
func (p pattern) places(members []string) (map[uint64][]place, error) {
	found := map[uint64][]place{}
	buf := aligned(scanned)
	defer unix.Munmap(buf)
	for i, node := range members {
		f, err := openDirect(node, os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		n, err := f.ReadAt(buf, 0)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", node, err)
		}
		for offset := 0; offset < n; offset += blockSize {
			if block, ours := p.blockOf(buf[offset:][:blockSize]); ours {
				found[block] = append(found[block], place{i, node, int64(offset)})
			}
		}
	}
	for _, places := range found {
		slices.SortFunc(places, func(a, b place) int {
			return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.member, b.member))
		})
	}
	return found, nil
}

// parityBeside is what of a stripe is no block of the pattern.
func (p pattern) parityBeside(at place, members []string) (parity []place, err error) {
	for i, node := range members {
		here := place{i, node, at.offset}
		block, err := here.read()
		if err != nil {
			return nil, err
		}
		if _, ours := p.blockOf(block); !ours {
			parity = append(parity, here)
		}
	}
	return parity, nil
}

// read reads the block at a place.
func (p place) read() ([]byte, error) {
	f, err := openDirect(p.node, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	_, err = f.ReadAt(buf, p.offset)
	return slices.Clone(buf), err
}

// write writes the block at a place.
func (p place) write(block []byte) error {
	f, err := openDirect(p.node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	copy(buf, block)
	_, err = f.WriteAt(buf, p.offset)
	return err
}

// former is what the pattern says of a block that the last writing has not reached.
func (s *scene) former() string {
	return fmt.Sprintf("is of writing %d, not %d", s.p.generation-1, s.p.generation)
}

// tear has only the first half of the block reach the disk.
func (s *scene) tear() error {
	now, err := s.at.read()
	if err != nil {
		return err
	}
	return s.at.write(slices.Concat(now[:blockSize/2], s.before[blockSize/2:]))
}

// lose has the block not reach the disk.
func (s *scene) lose() error { return s.at.write(s.before) }

// misdirect has the block reach another place of the disk.
func (s *scene) misdirect() error {
	now, err := s.at.read()
	if err != nil {
		return err
	}
	return errors.Join(s.elsewhere.write(now), s.at.write(s.before))
}

// spoilParity changes a bit of all the parity that there is.
func (s *scene) spoilParity() error {
	for _, p := range s.stripe {
		block, err := p.read()
		if err != nil {
			return err
		}
		block[100] ^= 1
		if err := p.write(block); err != nil {
			return err
		}
	}
	return nil
}
