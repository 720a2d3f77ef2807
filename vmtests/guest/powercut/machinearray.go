// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"fmt"
	"slices"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// machineArray is one array of a machine that is killed, with what it takes to say which
// blocks must be on it.
type machineArray struct {
	*array.Array
	kind    powerArray
	members []string // that the array is assembled of
	writers []*writer
}

// newMachineArray returns array number i: partition i+1 of each disk.
func newMachineArray(ctx context.Context, kind powerArray, i int, disks []string, ledger string) (*machineArray, error) {
	var parts []string
	for _, disk := range disks {
		part := fmt.Sprintf("%s%d", disk, i+1)
		if err := array.WaitForNode(part); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	a := array.Describe(ctx, array.PersonalityNamed(kind.personality), array.PlaceMinor(i), parts)
	m := &machineArray{Array: a, kind: kind, members: slices.Clone(a.First())}
	if kind.degraded {
		m.members = m.members[:len(m.members)-1]
	}
	if slices.Contains(kind.more, array.JournalArg) {
		m.members = append(m.members, a.Journal())
	}
	for w := range writersEach {
		m.writers = append(m.writers, newWriter(a.Dev(), ledger, i*writersEach+w, w))
	}
	return m, a.WriteConfig()
}

// create makes the array, of disks that are all zeros and so in sync, and takes a
// member away where it is to be degraded.
func (m *machineArray) create() error {
	recipe := array.Recipe{More: m.kind.more}
	recipe.Clean = !recipe.HasJournal() // which mdadm does not take together
	return array.Steps(
		m.Step("create", m.Create(recipe), m.Settle),
		func() error {
			if !m.kind.degraded {
				return nil
			}
			return m.Do("degrade", func() error { return m.TakeOut(m.First()[m.Personality.Disks-1]) })
		},
	)
}

// comeBack assembles the array after a cut, and looks. No member has failed, but all at once.
func (m *machineArray) comeBack() (res event.Power, err error) {
	res.Array = m.kind.name
	err = array.Steps(
		m.Step("assemble", func() (err error) {
			res.Forced, err = m.AssembleByForce(m.members)
			return err
		}),
		func() error {
			if m.kind.degraded {
				return nil
			}
			return m.CheckNotDegraded()
		},
		m.Step("look", func() error { return m.audit(&res) }),
	)
	return res, err
}

// rest waits for whatever is going on, looks a last time, and stops the array.
func (m *machineArray) rest() error {
	return array.Steps(
		m.Step("settle", m.Settle),
		m.Step("look after all", func() error {
			var res event.Power
			if err := m.audit(&res); err != nil {
				return err
			}
			if res.Wrong != "" || res.Holes > 0 {
				return fmt.Errorf("in sync: %s, %d blocks lost", res.Wrong, res.Holes)
			}
			return nil
		}),
		m.Step("stop", m.Stop(array.ByMdadm)),
	)
}

// audit looks at all blocks that were acknowledged, and writes those anew that are
// lost, so that each counts once.
func (m *machineArray) audit(res *event.Power) error {
	written := map[uint64]bool{} // rows of stripes that were being written
	for _, w := range m.writers {
		if err := w.read(); err != nil {
			return err
		}
		written[m.row(w.block(w.acked+1))] = true
		res.Acked += w.acked
	}
	for _, w := range m.writers {
		lost, looked, err := w.look()
		if err != nil {
			return err
		}
		res.Looked += looked
		for _, l := range lost {
			m.judge(l, w.acked, written, res)
		}
		if err := w.mend(lost); err != nil {
			return err
		}
	}
	return nil
}

// judge counts a lost block: as the write hole's, if the array has that and the block's row
// was being written.
func (m *machineArray) judge(l lostBlock, acked uint64, written map[uint64]bool, res *event.Power) {
	switch {
	case m.kind.hole && written[m.row(l.block)]:
		res.Holes++
	case res.Wrong == "":
		res.Wrong = fmt.Sprintf("block %d, acknowledged as writing %d of %d, %s", l.block, l.writing, acked, l.is)
	}
}

// row returns a number for the blocks that are written together, of a parity level: the same
// block of each chunk of a stripe.
func (m *machineArray) row(block uint64) uint64 {
	p := m.Personality
	if !p.Parity() {
		return block
	}
	const perChunk = array.ChunkKiB << 10 / array.BlockSize
	stripe := block / perChunk / uint64(p.Disks-p.MaxLost)
	return stripe*perChunk + block%perChunk
}
