// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/array"
)

// Slices of a member of dm-raid, in sectors.
const (
	metaSectors = 2 * 1024
	dataSectors = 2 * array.MemberKiB
)

// dmRaid has the device mapper have the personality (dm-raid.c): an mddev without a disk of
// its own, which md does not list. It makes such an array, has a member fail and come back,
// checks, removes the array, and finds all again.
var dmRaid = mapped("dm-raid", "a member failed and came back", (*mapperRaid).live)

// dmRaidSuspended removes such an array as LVM's tools may do: it is suspended, then what it keeps its metadata
// on is, and then it is removed, which must not write to these any more.
var dmRaidSuspended = mapped("dm-raid-suspended", "removed while its metadata were suspended", (*mapperRaid).goSuspended)

// mapped returns the scenario of an array of the device mapper.
func mapped(name, seen string, live func(*mapperRaid) error) scenario {
	return scenario{name: name, on: array.Personality.HasDMRaid, run: func(a *array.Array) (string, error) {
		a.NoDevice = true
		stack, err := array.NewStack(a)
		if err != nil {
			return "", err
		}
		defer stack.Mapper.Close()
		m := &mapperRaid{Stack: stack}
		err = live(m)
		return seen, errors.Join(err, m.TakeOffAll())
	}}
}

// mapperRaid is an array of the device mapper.
type mapperRaid struct {
	*array.Stack
	table   string
	sectors uint64
	node    string
}

// live takes the array through its life.
func (m *mapperRaid) live() error {
	write := func() error { return m.Data.Write(m.node) }
	verify := func() error { return m.Data.Verify(m.node) }
	return array.Steps(
		m.Step("make", m.create),
		m.Step("write", write, verify),
		m.Step("lose a member", func() error { return m.reloadSlice(0, "error", "") }),
		m.Step("write without it", write, verify),
		m.Step("see that it is missed", func() error { return m.checkHealth("D") }),
		m.Step("have it back", m.restore),
		m.Step("verify", verify),
		m.Step("check", m.check),
		m.Step("make again", m.TakeOff, m.begin),
		m.Step("verify again", verify),
	)
}

// goSuspended has the array go while it and its metadata are suspended, and finds all again.
func (m *mapperRaid) goSuspended() error {
	verify := func() error { return m.Data.Verify(m.node) }
	return array.Steps(
		m.Step("make", m.create),
		m.Step("write", func() error { return m.Data.Write(m.node) }, verify),
		m.Step("remove it suspended", m.removeSuspended),
		m.Step("make again", m.begin, verify),
	)
}

// removeSuspended removes the array while its metadata are suspended, and lets these go on.
func (m *mapperRaid) removeSuspended() error {
	if err := m.Mapper.Suspend(m.raidName()); err != nil {
		return err
	}
	if err := m.eachMeta(m.Mapper.Suspend); err != nil {
		return errors.Join(err, m.eachMeta(m.Mapper.Resume))
	}
	removal := array.Begin("the removal", m.TakeOff)
	err := removal.End(array.CallLimit)
	return errors.Join(err, m.eachMeta(m.Mapper.Resume))
}

// eachMeta does something to all slices for metadata.
func (m *mapperRaid) eachMeta(do func(name string) error) error {
	for i := range m.First() {
		if err := do(m.sliceName("meta", i)); err != nil {
			return err
		}
	}
	return nil
}

// create makes the slices, and the array of them.
func (m *mapperRaid) create() error {
	p := m.Personality
	chunk := 0
	if p.TakesChunk() {
		chunk = 2 * array.ChunkKiB
	}
	m.table = fmt.Sprintf("%s 3 %d region_size 1024 %d", p.DMRaid, chunk, p.Disks)
	for i := range m.First() {
		if err := m.addSlices(i); err != nil {
			return err
		}
	}
	m.sectors = uint64(p.Disks-p.MaxLost) * dataSectors
	if p.IsRaid10() {
		m.sectors = uint64(p.Disks) / 2 * dataSectors
	}
	return m.begin()
}

// addSlices cuts a member in two, for metadata and data, and enters both in the table.
func (m *mapperRaid) addSlices(i int) error {
	meta, err := m.Put(m.sliceName("meta", i), "linear", metaSectors, m.Members[i]+" 0")
	if err != nil {
		return err
	}
	data, err := m.Put(m.sliceName("data", i), "linear", dataSectors, dataSlice(m.Members[i]))
	if err != nil {
		return err
	}
	m.table += " " + meta + " " + data
	return array.Wipe(meta)
}

func (m *mapperRaid) sliceName(what string, i int) string {
	return fmt.Sprintf("%s-%s%d", m.Device, what, i)
}

// dataSlice returns where the data are on a member: behind the metadata.
func dataSlice(member string) string { return fmt.Sprintf("%s %d", member, metaSectors) }

// begin makes the array of the data on its members, and waits until all are in step.
func (m *mapperRaid) begin() (err error) {
	if m.node, err = m.Put(m.raidName(), "raid", m.sectors, m.table); err != nil {
		return err
	}
	return m.waitForSync()
}

func (m *mapperRaid) raidName() string { return m.Device + "-raid" }

// reloadSlice gives a member's data another table.
func (m *mapperRaid) reloadSlice(i int, kind, params string) error {
	return m.Mapper.Reload(m.sliceName("data", i), kind, dataSectors, params)
}

// restore has the member work again: resuming the array looks for that.
func (m *mapperRaid) restore() error {
	if err := m.reloadSlice(0, "linear", dataSlice(m.Members[0])); err != nil {
		return err
	}
	if err := m.Mapper.Restart(m.raidName()); err != nil {
		return err
	}
	return m.waitForSync()
}

// check has the members compared.
func (m *mapperRaid) check() error {
	if err := m.Mapper.Message(m.raidName(), "check"); err != nil {
		return err
	}
	if err := m.waitForSync(); err != nil {
		return err
	}
	if status, err := m.status(); err != nil || status.mismatches != "0" {
		return fmt.Errorf("%s mismatches after a check (%v)", status.mismatches, err)
	}
	return nil
}

// raidStatus is what dm-raid says of an array
// (Documentation/admin-guide/device-mapper/dm-raid.rst).
type raidStatus struct{ health, ratio, action, mismatches string }

func (m *mapperRaid) status() (s raidStatus, err error) {
	line, err := m.Mapper.Status(m.raidName())
	if err != nil {
		return s, err
	}
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return s, fmt.Errorf("dm-raid's status is %q", line)
	}
	return raidStatus{fields[2], fields[3], fields[4], fields[5]}, nil
}

// checkHealth fails unless the members' states begin so.
func (m *mapperRaid) checkHealth(want string) error {
	s, err := m.status()
	if err == nil && !strings.HasPrefix(s.health, want) {
		err = fmt.Errorf("the members are %s, and not %s…", s.health, want)
	}
	return err
}

// waitForSync waits until all members are there and in step, and nothing goes on.
func (m *mapperRaid) waitForSync() error {
	want := strings.Repeat("A", m.Personality.Disks)
	var s raidStatus
	err := wait.Until(m.Context(), array.SyncLimit, 10*time.Millisecond, func() (synced bool, err error) {
		if s, err = m.status(); err != nil {
			return false, err
		}
		done, all, _ := strings.Cut(s.ratio, "/")
		return s.health == want && done == all && s.action == "idle", nil
	})
	if err != nil {
		return fmt.Errorf("%s: members %s, %s, %s: %w", filepath.Base(m.node), s.health, s.ratio, s.action, err)
	}
	return nil
}
