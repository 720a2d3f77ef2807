// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// What the speed of parity is measured on: arrays of ten disks, so raid6 of 8+2, with
// all of each member in brd's memory.
const (
	speedMembers   = 10
	speedMemberKiB = 8192
	speedChunkKiB  = 64
	speedWriters   = 4       // at once, or md's threads would have nothing to share out
	speedWrite     = 1 << 20 // bytes at once, of what is sequential: whole stripes
	speedRandoms   = 1024    // writes of a writer, for a sample
	speedSync      = "2000000"
)

// speedThreads are the group_thread_cnt that are measured.
var speedThreads = []int{0, 2}

// Speed measures raid5 and raid6 at what takes parity: writing whole stripes, 4 KiB at
// random (read-modify-write), reading with as many members lost as the level can lose,
// and rebuilding these. Of each it makes two benchmarks, the time, by rounds samples,
// and event.BenchCPU, the time that the guest's CPUs were not idle. Everything that an
// array holds is verified before it is measured and after, and the parity checked by md.
func Speed(ctx context.Context, rounds int, progress func(done, failed int64)) ([]event.Bench, error) {
	var all []event.Bench
	for i, name := range []string{"raid5", "raid6"} {
		b, err := speedOf(ctx, levelNamed(name), rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, b...)
		progress(int64(i+1), 0)
	}
	return all, nil
}

// speed is what one array is measured with.
type speed struct {
	*rig
	rounds     int
	f          *os.File
	size       int64
	content    []byte
	generation uint64           // of the last writing
	full       uint64           // of the last one of all of the array
	randomly   map[int64]uint64 // the places written at random since all were, and by which writing
	all        []event.Bench
}

// speedOf measures one level.
func speedOf(ctx context.Context, l level, rounds int) (all []event.Bench, err error) {
	l.members = speedMembers
	r, err := onDisks(l, firstMinor, slices.Concat(laneDisks(0), laneDisks(1))[:speedMembers])
	if err != nil {
		return nil, err
	}
	s := &speed{rig: r, rounds: rounds}
	if err := s.mdadm(ctx, slices.Concat([]string{"--create", s.dev(), "--run", "--force", "--config=" + s.conf, "--auto=md",
		"--metadata=1.2", "--level=" + l.level, fmt.Sprintf("--raid-devices=%d", l.members), "--bitmap=none", "--assume-clean",
		fmt.Sprintf("--chunk=%d", speedChunkKiB), fmt.Sprintf("--size=%d", speedMemberKiB)}, s.members)...); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.halt(ctx, stopWays[1])) }()
	for attr, value := range map[string]string{"safe_mode_delay": "0", "sync_speed_min": speedSync, "sync_speed_max": speedSync} {
		if err := s.set(attr, value); err != nil {
			return nil, fmt.Errorf("%s: %w", attr, err)
		}
	}
	if s.f, err = openDirect(s.dev(), os.O_RDWR); err != nil {
		return nil, err
	}
	defer s.f.Close()
	if s.size, err = s.f.Seek(0, 2); err != nil {
		return nil, err
	}
	s.size -= s.size % speedWrite
	s.content = make([]byte, speedWrite)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := 0; i < len(s.content); i += 8 {
		binary.LittleEndian.PutUint64(s.content[i:], rng.Uint64())
	}
	for _, step := range []func(context.Context) error{s.fill, s.writing, s.reading, s.rebuilding} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s.all, nil
}

// fill writes all of the array, and sees that it is there, with its parity.
func (s *speed) fill(ctx context.Context) error {
	return errors.Join(s.write(), s.verify(), check(ctx, s.rig, nil))
}

// write writes all of the array.
func (s *speed) write() error {
	s.generation++
	s.full, s.randomly = s.generation, map[int64]uint64{}
	return s.sequential(s.put)
}

// writeHereAndThere has each writer write blocks that are its own, other content than
// the last time, or read-modify-write would have nothing to change.
func (s *speed) writeHereAndThere() error {
	s.generation++
	for w := range speedWriters {
		for at := range s.places(w) {
			s.randomly[at] = s.generation
		}
	}
	return s.parallel(s.random)
}

// places are where a writer writes at random, the same each time.
func (s *speed) places(writer int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		rng := rand.New(rand.NewPCG(2, uint64(writer)))
		blocks := s.size / blockSize / speedWriters
		for range speedRandoms {
			if !yield((rng.Int64N(blocks)*speedWriters + int64(writer)) * blockSize) {
				return
			}
		}
	}
}

// expected is what a block holds behind its stamp, and of which writing it is.
func (s *speed) expected(at int64) (content []byte, generation uint64) {
	generation, random := s.randomly[at]
	if !random {
		return s.content[at%speedWrite:][:blockSize], s.full
	}
	return s.content[(at+int64(generation)*blockSize)%speedWrite:][:blockSize], generation
}

// writing measures writes to an array that is whole.
func (s *speed) writing(ctx context.Context) error {
	for _, threads := range speedThreads {
		if err := s.set("group_thread_cnt", strconv.Itoa(threads)); err != nil {
			return fmt.Errorf("group_thread_cnt: %w", err)
		}
		err := s.sample("sequential write", threads, event.PerMiB, s.size>>20, s.write)
		if err != nil {
			return err
		}
		err = s.sample("random write", threads, event.PerWrite, speedWriters*speedRandoms, s.writeHereAndThere)
		if err != nil {
			return err
		}
	}
	return errors.Join(s.verify(), check(ctx, s.rig, nil))
}

// reading measures reads of an array that has lost all that it can lose.
func (s *speed) reading(ctx context.Context) error {
	if err := s.loseAll(ctx); err != nil {
		return err
	}
	if err := s.verify(); err != nil {
		return fmt.Errorf("degraded: %w", err)
	}
	for _, threads := range speedThreads {
		if err := s.set("group_thread_cnt", strconv.Itoa(threads)); err != nil {
			return fmt.Errorf("group_thread_cnt: %w", err)
		}
		err := s.sample("degraded read", threads, event.PerMiB, s.size>>20, func() error {
			return s.sequential(func(buf []byte, at int64) error {
				_, err := s.f.ReadAt(buf, at)
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rebuilding measures how long it takes to get the lost members back, for each MiB of
// them. Each time, these are cleared before.
func (s *speed) rebuilding(ctx context.Context) error {
	for i, threads := range speedThreads {
		if err := s.set("group_thread_cnt", strconv.Itoa(threads)); err != nil {
			return fmt.Errorf("group_thread_cnt: %w", err)
		}
		lost := s.members[:s.level.lose]
		var again bool
		prepare := func() error {
			if again || i > 0 {
				if err := s.loseAll(ctx); err != nil {
					return err
				}
			}
			again = true
			for _, m := range lost {
				if err := scrub(m); err != nil {
					return fmt.Errorf("clear %s: %w", m, err)
				}
			}
			if err := s.set("sync_action", "frozen"); err != nil {
				return err
			}
			return s.mdadm(ctx, append([]string{"--manage", s.dev(), "--add"}, lost...)...)
		}
		err := s.sampleAfter(prepare, "rebuild", threads, event.PerMiB, int64(s.level.lose)*speedMemberKiB>>10, func() error {
			if err := s.set("sync_action", "idle"); err != nil {
				return err
			}
			for deadline := time.Now().Add(syncLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				if degraded, _ := md.ReadAttr(s.kernelName(), "md/degraded"); degraded == "0" {
					return nil
				}
			}
			return fmt.Errorf("not rebuilt after %v", syncLimit)
		})
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if err := errors.Join(s.settle(ctx), s.whole(), s.verify()); err != nil {
			return fmt.Errorf("rebuilt: %w", err)
		}
	}
	return check(ctx, s.rig, nil)
}

// loseAll has the first members, all of which hold data and parity by turns, fail.
func (s *speed) loseAll(ctx context.Context) error {
	for _, m := range s.members[:s.level.lose] {
		if err := s.takeOut(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// scrub clears all of a member that an array of this size uses.
func scrub(member string) error {
	if err := wipe(member); err != nil {
		return err
	}
	f, err := openDirect(member, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := aligned(speedWrite)
	defer unix.Munmap(buf)
	size, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	for at := int64(0); at+speedWrite <= size && at < (speedMemberKiB+4096)<<10; at += speedWrite {
		if _, err := f.WriteAt(buf, at); err != nil {
			return err
		}
	}
	return nil
}

// sample takes the samples of one benchmark after a turn that does not count. units are
// how many of its unit one turn of do takes.
func (s *speed) sample(what string, threads int, per string, units int64, do func() error) error {
	return s.sampleAfter(nil, what, threads, per, units, do)
}

// sampleAfter is sample with something that is done before each turn, but for the first
// one: where there is such, there is no turn that does not count.
func (s *speed) sampleAfter(prepare func() error, what string, threads int, per string, units int64, do func() error) error {
	name := fmt.Sprintf("%s %s, %d threads", s.level.name, what, threads)
	took := event.Bench{Name: name, PerUnit: per}
	if prepare == nil {
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	var cpu time.Duration
	for range s.rounds {
		if prepare != nil {
			if err := prepare(); err != nil {
				return err
			}
		}
		before, err := idle()
		if err != nil {
			return err
		}
		start := time.Now()
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		d := time.Since(start)
		after, err := idle()
		if err != nil {
			return err
		}
		took.Micros = append(took.Micros, float64(d.Nanoseconds())/1e3/float64(units))
		cpu += d*time.Duration(after.cpus) - (after.idle - before.idle)
	}
	// One figure of all turns, for the kernel tells idle time in hundredths of a second.
	busy := event.Bench{Name: name + event.BenchCPU, PerUnit: per,
		Micros: []float64{max(float64(cpu.Nanoseconds())/1e3, 1) / float64(units*int64(s.rounds))}}
	s.all = append(s.all, took, busy)
	return nil
}

// idleTime is how long the CPUs have had nothing to do, all together.
type idleTime struct {
	cpus int
	idle time.Duration
}

// idle reads it. The kernel measures that by its clock; what it says of user and system
// time are ticks counted, which is too coarse.
func idle() (idleTime, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return idleTime{}, err
	}
	return parseIdle(string(stat))
}

// parseIdle finds the idle time in the text of /proc/stat, in hundredths of a second.
func parseIdle(stat string) (t idleTime, err error) {
	for line := range strings.Lines(stat) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasPrefix(f[0], "cpu") || f[0] == "cpu" {
			continue
		}
		for _, field := range f[4:6] { // idle, and idle with somebody waiting for a disk
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return t, fmt.Errorf("/proc/stat: %w", err)
			}
			t.idle += time.Duration(n) * 10 * time.Millisecond
		}
		t.cpus++
	}
	if t.cpus == 0 {
		return t, errors.New("/proc/stat tells of no CPU")
	}
	return t, nil
}

// parallel has all writers do something, and returns their errors.
func (s *speed) parallel(do func(writer int) error) error {
	errs := make([]error, speedWriters)
	var wg sync.WaitGroup
	for w := range speedWriters {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[w] = do(w)
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// sequential goes through the array from its beginning to its end: the writers take
// turns.
func (s *speed) sequential(do func(buf []byte, at int64) error) error {
	return s.parallel(func(w int) error {
		buf := aligned(speedWrite)
		defer unix.Munmap(buf)
		copy(buf, s.content)
		for at := int64(w) * speedWrite; at < s.size; at += speedWriters * speedWrite {
			if err := do(buf, at); err != nil {
				return fmt.Errorf("at byte %d: %w", at, err)
			}
		}
		return nil
	})
}

// put writes what belongs to a place. The blocks of buf have their content already.
func (s *speed) put(buf []byte, at int64) error {
	for i := 0; i < len(buf); i += blockSize {
		s.stamp(buf[i:], uint64(at)+uint64(i), s.generation)
	}
	_, err := s.f.WriteAt(buf, at)
	return err
}

// stamp makes a block of the content tell its place and when it was written.
func (s *speed) stamp(block []byte, at, generation uint64) {
	binary.LittleEndian.PutUint64(block, at)
	binary.LittleEndian.PutUint64(block[8:], generation)
}

// random writes a writer's blocks.
func (s *speed) random(writer int) error {
	buf := aligned(blockSize)
	defer unix.Munmap(buf)
	for at := range s.places(writer) {
		content, generation := s.expected(at)
		copy(buf, content)
		s.stamp(buf, uint64(at), generation)
		if _, err := s.f.WriteAt(buf, at); err != nil {
			return fmt.Errorf("at byte %d: %w", at, err)
		}
	}
	return nil
}

// verify reads all of the array, which must hold what was written last.
func (s *speed) verify() error {
	return s.sequential(func(buf []byte, at int64) error {
		if _, err := s.f.ReadAt(buf, at); err != nil {
			return err
		}
		for i := 0; i < len(buf); i += blockSize {
			block := buf[i:][:blockSize]
			content, generation := s.expected(at + int64(i))
			where, when := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
			if where != uint64(at)+uint64(i) || when != generation || !bytes.Equal(block[16:], content[16:]) {
				return fmt.Errorf("the block at byte %d is not what was written: it is of %d, writing %d instead of %d", at+int64(i), where, when, generation)
			}
		}
		return nil
	})
}
