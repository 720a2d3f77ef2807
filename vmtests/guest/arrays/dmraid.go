// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Slices of a member of dm-raid, in sectors.
const (
	metaSectors = 2 * 1024
	dataSectors = 2 * memberKiB
)

// byMapper are cells in which the device mapper has the personality (dm-raid.c): an
// mddev without a disk of its own, which md does not list.
func byMapper(l level) []cell {
	if l.mapper == "" {
		return nil
	}
	return []cell{{name: l.name + "/dm-raid", level: l, run: liveByMapper}}
}

// mapperRaid is an array of the device mapper.
type mapperRaid struct {
	*tower
	table   string
	sectors uint64
	node    string
}

// liveByMapper makes such an array, has a member fail and come back, checks, removes
// the array, and finds all again.
func liveByMapper(ctx context.Context, r *rig) (string, error) {
	r.alone = true
	t, err := newTower(r)
	if err != nil {
		return "", err
	}
	defer t.mapper.Close()
	a := &mapperRaid{tower: t}
	return "a member failed and came back", errors.Join(a.live(ctx), takeOff(ctx, t))
}

func (a *mapperRaid) live(ctx context.Context) error {
	var p pattern
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"make", a.create},
		{"write", func(context.Context) error { return errors.Join(p.write(a.node), p.verify(a.node)) }},
		{"lose a member", func(context.Context) error { return a.slice(0, "error", "") }},
		{"write without it", func(context.Context) error { return errors.Join(p.write(a.node), p.verify(a.node)) }},
		{"see that it is missed", func(context.Context) error { return a.health("D") }},
		{"have it back", a.restore},
		{"verify", func(context.Context) error { return p.verify(a.node) }},
		{"check", a.check},
		{"make again", a.again},
		{"verify again", func(context.Context) error { return p.verify(a.node) }},
	} {
		a.does("%s", step.what)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// create makes the slices, and the array of them.
func (a *mapperRaid) create(ctx context.Context) error {
	l := a.level
	chunk := 0
	if l.chunk {
		chunk = 2 * chunkKiB
	}
	a.table = fmt.Sprintf("%s 3 %d region_size 1024 %d", l.mapper, chunk, l.members)
	for i, m := range a.members[:l.members] {
		meta, err := a.mappedPart(a.sliceName("meta", i), "linear", metaSectors, m+" 0")
		if err != nil {
			return err
		}
		data, err := a.mappedPart(a.sliceName("data", i), "linear", dataSectors, dataSlice(m))
		if err != nil {
			return err
		}
		a.table += " " + meta + " " + data
		if err := wipe(meta); err != nil {
			return err
		}
	}
	a.sectors = uint64(l.members-l.lose) * dataSectors
	if l.level == "raid10" {
		a.sectors = uint64(l.members) / 2 * dataSectors
	}
	return a.begin(ctx)
}

func (a *mapperRaid) sliceName(what string, i int) string {
	return fmt.Sprintf("%s-%s%d", a.name, what, i)
}

// dataSlice is what follows the metadata on a member.
func dataSlice(member string) string { return fmt.Sprintf("%s %d", member, metaSectors) }

// begin makes the array of what is on its members, and waits until all are in step.
func (a *mapperRaid) begin(ctx context.Context) (err error) {
	if a.node, err = a.mappedPart(a.raidName(), "raid", a.sectors, a.table); err != nil {
		return err
	}
	return a.inSync(ctx)
}

func (a *mapperRaid) raidName() string { return a.name + "-raid" }

// slice gives a member's data another table.
func (a *mapperRaid) slice(i int, kind, params string) error {
	return a.mapper.Reload(a.sliceName("data", i), kind, dataSectors, params)
}

// restore has the member work again: resuming the array looks for that.
func (a *mapperRaid) restore(ctx context.Context) error {
	if err := a.slice(0, "linear", dataSlice(a.members[0])); err != nil {
		return err
	}
	if err := a.mapper.Restart(a.raidName()); err != nil {
		return err
	}
	return a.inSync(ctx)
}

// again removes the array, and makes it of what is on its members.
func (a *mapperRaid) again(ctx context.Context) error {
	name := a.names[len(a.names)-1]
	if err := patiently(func() error { return a.mapper.Remove(name) }); err != nil {
		return err
	}
	a.names = a.names[:len(a.names)-1]
	return a.begin(ctx)
}

// check has the members compared.
func (a *mapperRaid) check(ctx context.Context) error {
	if err := a.mapper.Message(a.raidName(), "check"); err != nil {
		return err
	}
	if err := a.inSync(ctx); err != nil {
		return err
	}
	if status, err := a.status(); err != nil || status.mismatches != "0" {
		return fmt.Errorf("%s mismatches after a check (%v)", status.mismatches, err)
	}
	return nil
}

// raidStatus is what dm-raid says of an array
// (Documentation/admin-guide/device-mapper/dm-raid.rst).
type raidStatus struct{ health, ratio, action, mismatches string }

func (a *mapperRaid) status() (s raidStatus, err error) {
	line, err := a.mapper.Status(a.raidName())
	if err != nil {
		return s, err
	}
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return s, fmt.Errorf("dm-raid's status is %q", line)
	}
	return raidStatus{fields[2], fields[3], fields[4], fields[5]}, nil
}

// health wants the members' states to begin so.
func (a *mapperRaid) health(want string) error {
	s, err := a.status()
	if err == nil && !strings.HasPrefix(s.health, want) {
		err = fmt.Errorf("the members are %s, and not %s…", s.health, want)
	}
	return err
}

// inSync waits until all members are there and in step, and nothing goes on.
func (a *mapperRaid) inSync(ctx context.Context) error {
	want := strings.Repeat("A", a.level.members)
	var s raidStatus
	for deadline := time.Now().Add(syncLimit); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		var err error
		if s, err = a.status(); err != nil {
			return err
		}
		if done, all, _ := strings.Cut(s.ratio, "/"); s.health == want && done == all && s.action == "idle" {
			return nil
		}
	}
	return fmt.Errorf("%s: members %s, %s, %s after %v", filepath.Base(a.node), s.health, s.ratio, s.action, syncLimit)
}
