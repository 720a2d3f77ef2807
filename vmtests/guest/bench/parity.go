// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// The speed of parity is measured on arrays of ten disks, so raid6 of 8+2, with all of each
// member in brd's memory.
const (
	parityMembers   = 10
	parityMemberKiB = 8192
	parityMetaKiB   = 4096 // at most, of a member
	parityChunkKiB  = 64
	parityWriters   = 4       // at once, or md's threads would have nothing to share out
	parityWrite     = 1 << 20 // bytes at once, of sequential I/O: whole stripes
	parityRandoms   = 1024    // writes of a writer, for a sample
	paritySync      = "2000000"
)

// parityThreads are the group_thread_cnt that are measured.
var parityThreads = []int{0, 2}

// Parity measures raid5 and raid6 at whatever takes parity: writing whole stripes, 4 KiB at
// random (read-modify-write), reading with as many members lost as the personality can lose,
// and rebuilding these. Of each it makes two benchmarks, the time, by rounds samples,
// and event.BenchCPU, the time that the guest's CPUs were not idle. Everything that an
// array holds is verified before it is measured and after, and the parity checked by md.
func Parity(ctx context.Context, rounds int, progress func(done, failed int64)) ([]event.Bench, error) {
	var all []event.Bench
	for i, name := range []string{"raid5", "raid6"} {
		b, err := parityOf(ctx, array.PersonalityNamed(name), rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, b...)
		progress(int64(i+1), 0)
	}
	return all, nil
}

// parity is what one array is measured with.
type parity struct {
	*array.Array
	stamped
	rounds int
	all    []event.Bench
}

// parityOf measures one personality.
func parityOf(ctx context.Context, p array.Personality, rounds int) (all []event.Bench, err error) {
	p.Disks = parityMembers
	a, err := array.New(ctx, p, array.PlaceMinor(0), slices.Concat(array.PlaceDisks(0), array.PlaceDisks(1))[:parityMembers])
	if err != nil {
		return nil, err
	}
	m := &parity{Array: a, rounds: rounds}
	if err := m.create(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Stop(array.ByIoctl)()) }()
	if err := array.Steps(m.unlimit, m.open); err != nil {
		return nil, err
	}
	defer m.f.Close()
	err = array.Steps(m.fill, m.writing, m.reading, m.rebuilding)
	return m.all, err
}

// create makes the array.
func (m *parity) create() error {
	return m.RunMdadm(slices.Concat([]string{"--create", m.Dev(), "--run", "--force", "--config=" + m.Config(), "--auto=md",
		"--metadata=1.2", "--level=" + m.Personality.MdadmLevel, fmt.Sprintf("--raid-devices=%d", parityMembers), "--bitmap=none",
		"--assume-clean", fmt.Sprintf("--chunk=%d", parityChunkKiB), fmt.Sprintf("--size=%d", parityMemberKiB)}, m.Members)...)
}

// unlimit has md neither pause nor write superblocks in between.
func (m *parity) unlimit() error {
	return array.Steps(m.Setting("safe_mode_delay", "0"), m.Setting("sync_speed_min", paritySync), m.Setting("sync_speed_max", paritySync))
}

// open opens the array, and makes the content that is written to it.
func (m *parity) open() (err error) {
	if m.f, err = array.OpenDirect(m.Dev(), os.O_RDWR); err != nil {
		return err
	}
	size, err := m.f.Seek(0, io.SeekEnd)
	m.prepare(size)
	return err
}

// check verifies all of the array, and has md check the parity.
func (m *parity) check() error { return array.Steps(m.verify, m.CheckMembersAgree) }

// fill writes all of the array, and sees that it is there, with its parity.
func (m *parity) fill() error { return array.Steps(m.write, m.check) }

// setThreads makes md use so many threads besides its own.
func (m *parity) setThreads(n int) error { return m.Set("group_thread_cnt", strconv.Itoa(n)) }

// writing measures writes to an array that is whole.
func (m *parity) writing() error {
	for _, threads := range parityThreads {
		err := array.Steps(
			func() error { return m.setThreads(threads) },
			func() error { return m.sample("sequential write", threads, event.PerMiB, m.size>>20, m.write) },
			func() error {
				return m.sample("random write", threads, event.PerWrite, parityWriters*parityRandoms, m.writeRandomly)
			})
		if err != nil {
			return err
		}
	}
	return m.check()
}

// reading measures reads of an array that has lost as many members as it can lose.
func (m *parity) reading() error {
	if err := array.Steps(m.lose, array.Prefixed("degraded", m.verify)); err != nil {
		return err
	}
	read := func() error {
		return m.sequential(func(buf []byte, at int64) error {
			_, err := m.f.ReadAt(buf, at)
			return err
		})
	}
	for _, threads := range parityThreads {
		if err := m.setThreads(threads); err != nil {
			return err
		}
		if err := m.sample("degraded read", threads, event.PerMiB, m.size>>20, read); err != nil {
			return err
		}
	}
	return nil
}

// rebuilding measures how long it takes to get the lost members back, for each MiB of
// them. Each time, these are cleared before.
func (m *parity) rebuilding() error {
	again := false // the first time, the members are lost already
	prepare := func() error {
		if again {
			if err := m.lose(); err != nil {
				return err
			}
		}
		again = true
		return m.prepareRebuild()
	}
	units := int64(m.Personality.MaxLost) * parityMemberKiB >> 10
	for _, threads := range parityThreads {
		err := array.Steps(
			func() error { return m.setThreads(threads) },
			array.Prefixed("rebuild", func() error {
				return m.sampleAfter(prepare, "rebuild", threads, event.PerMiB, units, m.rebuild)
			}),
			array.Prefixed("rebuilt", func() error { return array.Steps(m.Settle, m.CheckNotDegraded, m.verify) }))
		if err != nil {
			return err
		}
	}
	return m.CheckMembersAgree()
}

// lost returns the first members, all of which hold data and parity by turns.
func (m *parity) lost() []string { return m.Members[:m.Personality.MaxLost] }

// lose has these members fail.
func (m *parity) lose() error {
	for _, member := range m.lost() {
		if err := m.TakeOut(member); err != nil {
			return err
		}
	}
	return nil
}

// prepareRebuild clears the lost members, and adds them, while md is frozen.
func (m *parity) prepareRebuild() error {
	for _, member := range m.lost() {
		if err := array.Wipe(member); err != nil {
			return fmt.Errorf("clear %s: %w", member, err)
		}
		if err := array.Zero(member, (parityMemberKiB+parityMetaKiB)<<10); err != nil {
			return fmt.Errorf("clear %s: %w", member, err)
		}
	}
	return array.Steps(m.Action("frozen"), func() error { return m.AddAtOnce(m.lost()...) })
}

// rebuild lets md go on, and waits until no member is missing.
func (m *parity) rebuild() error {
	if err := m.Action("idle")(); err != nil {
		return err
	}
	err := wait.Until(m.Context(), array.SyncLimit, time.Millisecond, func() (bool, error) {
		degraded, _ := m.Attr("degraded")
		return degraded == "0", nil
	})
	if err != nil {
		return fmt.Errorf("not rebuilt: %w", err)
	}
	return nil
}
