// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mdlife/tools/md"
	"mdlife/vmtests/event"
)

// arraysAtOnce is how many are made or assembled at a time.
const arraysAtOnce = 3

// killLimit is how long the host may take to kill the machine.
const killLimit = time.Minute

// killable is an array of a machine that is killed.
type killable struct {
	name     string
	level    string // a row of levels
	more     []string
	degraded bool
	hole     bool // a stripe that was being written may lose what is missing
}

// killables are all arrays of the machine. Those with the write hole promise nothing
// for a stripe that was being written, but everything for the others.
var killables = []killable{
	{name: "raid1", level: "raid1"},
	{name: "raid1-degraded", level: "raid1", degraded: true},
	{name: "raid10-near", level: "raid10-near"},
	{name: "raid10-far", level: "raid10-far"},
	{name: "raid10-near-degraded", level: "raid10-near", degraded: true},
	{name: "raid5", level: "raid5"},
	{name: "raid5-journal", level: "raid5", more: []string{journalArg}},
	{name: "raid5-journal-degraded", level: "raid5", more: []string{journalArg}, degraded: true},
	{name: "raid5-ppl", level: "raid5", more: []string{pplArg}},
	{name: "raid5-ppl-degraded", level: "raid5", more: []string{pplArg}, degraded: true},
	{name: "raid5-degraded", level: "raid5", degraded: true, hole: true},
	{name: "raid6", level: "raid6"},
	{name: "raid6-journal", level: "raid6", more: []string{journalArg}},
	{name: "raid6-degraded", level: "raid6", degraded: true, hole: true},
}

// CheckKillable says in one line which name is none of an array of [Power].
func CheckKillable(names ...string) error {
	for _, name := range names {
		if !slices.ContainsFunc(killables, func(k killable) bool { return k.name == name }) {
			var all []string
			for _, k := range killables {
				all = append(all, k.name)
			}
			return fmt.Errorf("there is no array %s; there are %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// Power makes the arrays, or assembles them and looks whether all is there that was
// acknowledged, and then writes until the machine is killed. It returns only from the
// last turn, or with an error.
func Power(ctx context.Context, spec event.PowerSpec, phase func(string), report func(event.Power)) error {
	all, err := survivors(spec.Arrays)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	if err := each(ctx, all, func(ctx context.Context, v *survivor) error {
		if spec.Turn == 0 {
			return v.create(ctx)
		}
		res, err := v.returns(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		report(res)
		return nil
	}); err != nil {
		return err
	}
	if spec.Last {
		phase("stop")
		return each(ctx, all, rest)
	}
	phase("write")
	return writeUntilKilled(ctx, all, phase)
}

// survivors are the arrays of these names, none for all, on the machine's disks.
func survivors(names []string) ([]*survivor, error) {
	disks, err := disksBySerial()
	if err != nil {
		return nil, err
	}
	ledger, ok := disks[event.LedgerDisk]
	if !ok {
		return nil, fmt.Errorf("the machine has no disk %s", event.LedgerDisk)
	}
	var members []string
	for i := range event.PowerDisks {
		disk, ok := disks[fmt.Sprintf("%s%d", event.MemberDisk, i)]
		if !ok {
			return nil, fmt.Errorf("the machine has no disk %s%d", event.MemberDisk, i)
		}
		if err := addPartitions(disk, len(killables)); err != nil {
			return nil, fmt.Errorf("%s: %w", disk, err)
		}
		members = append(members, disk)
	}
	var all []*survivor
	for i, k := range killables {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		v, err := newSurvivor(k, i, members, ledger)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// disksBySerial finds virtio disks by the serial numbers that QEMU gave them.
func disksBySerial() (map[string]string, error) {
	files, err := filepath.Glob("/sys/block/vd*/serial")
	if err != nil {
		return nil, err
	}
	disks := map[string]string{}
	for _, file := range files {
		serial, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		disks[strings.TrimSpace(string(serial))] = "/dev/" + filepath.Base(filepath.Dir(file))
	}
	return disks, nil
}

// each does something with every array, several at a time.
func each(ctx context.Context, all []*survivor, do func(context.Context, *survivor) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(arraysAtOnce)
	for _, v := range all {
		g.Go(func() error {
			if err := md.LockThread(); err != nil {
				return err
			}
			if err := do(ctx, v); err != nil {
				return fmt.Errorf("%s: %s: %w", v.kind.name, v.doing(), err)
			}
			return nil
		})
	}
	return g.Wait()
}

// survivor is one array, with what it takes to say what must be on it.
type survivor struct {
	*rig
	kind    killable
	members []string
	clerks  []*clerk
}

// newSurvivor is array number i: partition i+1 of each disk.
func newSurvivor(k killable, i int, disks []string, ledger string) (*survivor, error) {
	r := &rig{level: levelNamed(k.level), name: md.Name(uint32(firstMinor + i)), conf: fmt.Sprintf("/tmp/mdadm-%d.conf", i)}
	if err := os.WriteFile(r.conf, []byte("HOMEHOST <ignore>\n"), 0o644); err != nil {
		return nil, err
	}
	for _, disk := range disks {
		part := fmt.Sprintf("%s%d", disk, i+1)
		if err := appears(part); err != nil {
			return nil, err
		}
		r.members = append(r.members, part)
	}
	v := &survivor{rig: r, kind: k, members: slices.Clone(r.members[:r.level.members])}
	if k.degraded {
		v.members = v.members[:r.level.members-1]
	}
	if slices.Contains(k.more, journalArg) {
		v.members = append(v.members, r.journal())
	}
	for w := range clerksEach {
		v.clerks = append(v.clerks, newClerk(r.dev(), ledger, i*clerksEach+w, w))
	}
	return v, nil
}

// create makes the array, of disks that are all zeros and so in sync, and takes a
// member away where it is to be degraded.
func (v *survivor) create(ctx context.Context) error {
	v.does("create")
	c := recipe{metadata: v.level.usual(), more: v.withJournal(v.kind.more)}
	c.clean = !slices.Contains(v.kind.more, journalArg) // which mdadm does not take together
	if err := v.make(ctx, c); err != nil {
		return err
	}
	if err := v.settle(ctx); err != nil || !v.kind.degraded {
		return err
	}
	v.does("degrade")
	lost := v.rig.members[v.level.members-1]
	return v.takeOut(ctx, lost)
}

// returns assembles the array after a cut, and looks.
func (v *survivor) returns(ctx context.Context) (res event.Power, err error) {
	res.Array = v.kind.name
	v.does("assemble")
	if err := v.assemble(ctx, v.members); err != nil {
		res.Forced = true
		if err := v.assemble(ctx, v.members, "--force"); err != nil {
			return res, err
		}
	}
	if !v.kind.degraded {
		if err := v.whole(); err != nil { // no member has failed, but all at once
			return res, err
		}
	}
	v.does("look")
	return res, v.audit(&res)
}

// rest waits for what is going on, looks a last time, and stops the array.
func rest(ctx context.Context, v *survivor) error {
	v.does("settle")
	if err := v.settle(ctx); err != nil {
		return err
	}
	v.does("look after all")
	var res event.Power
	if err := v.audit(&res); err != nil {
		return err
	}
	if res.Wrong != "" || res.Holes > 0 {
		return fmt.Errorf("in sync: %s, %d blocks lost", res.Wrong, res.Holes)
	}
	v.does("stop")
	return v.halt(ctx, stopWays[0])
}

// audit looks at all blocks that were acknowledged, and writes those anew that are
// lost, so that each counts once.
func (v *survivor) audit(res *event.Power) error {
	written := map[uint64]bool{} // rows of stripes that were being written
	for _, c := range v.clerks {
		if err := c.read(); err != nil {
			return err
		}
		written[v.row(c.block(c.acked+1))] = true
		res.Acked += c.acked
	}
	for _, c := range v.clerks {
		lost, looked, err := c.look()
		if err != nil {
			return err
		}
		res.Looked += looked
		for _, l := range lost {
			if v.kind.hole && written[v.row(l.block)] {
				res.Holes++
			} else if res.Wrong == "" {
				res.Wrong = fmt.Sprintf("block %d, acknowledged as writing %d of %d, %s", l.block, l.writing, c.acked, l.is)
			}
		}
		if err := c.mend(lost); err != nil {
			return err
		}
	}
	return nil
}

// row names what is written together, of a parity level: the same block of each chunk
// of a stripe.
func (v *survivor) row(block uint64) uint64 {
	if !v.level.parity() {
		return block
	}
	const perChunk = chunkKiB << 10 / blockSize
	stripe := block / perChunk / uint64(v.level.members-v.level.lose)
	return stripe*perChunk + block%perChunk
}

// writeUntilKilled has all writers at work, and says when each has something to lose.
func writeUntilKilled(ctx context.Context, all []*survivor, phase func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, killLimit)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	var first sync.WaitGroup
	for _, v := range all {
		for _, c := range v.clerks {
			first.Add(1)
			g.Go(func() error {
				if err := c.work(ctx, first.Done); err != nil {
					return fmt.Errorf("%s: %w", v.kind.name, err)
				}
				return nil
			})
		}
	}
	go func() {
		first.Wait()
		phase(event.PhaseWriting)
	}()
	if err := g.Wait(); err != nil {
		return err
	}
	return fmt.Errorf("the machine was not killed within %v", killLimit)
}
