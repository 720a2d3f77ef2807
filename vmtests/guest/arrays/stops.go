// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// moment is when an array is stopped: what it is doing, or what state it is in.
type moment struct {
	name   string
	can    func(level) bool
	recipe recipe
	begin  func(context.Context, *rig, *pattern) error // brings the array there
	action string                                      // that md/sync_action then shows, "" for none in particular
	with   func(*rig) []string                         // the members to assemble it of afterwards, nil for the first
	after  func(context.Context, *rig, *pattern) error // looks when all is in sync again; may be nil
}

func isRaid5(l level) bool    { return l.name == "raid5" }
func canReshape(l level) bool { return l.grows("1.2") && l.name != "raid1" }
func anyLevel(level) bool     { return true }

// moments are when arrays are stopped.
var moments = []moment{
	{name: "resync", can: level.redundant, recipe: recipe{readonly: true}, begin: slowly(readWrite), action: "resync"},
	{name: "recovery", can: level.redundant, recipe: recipe{clean: true}, begin: slowly(rebuild), action: "recover", after: relyOnRebuilt},
	{name: "recovery-first", can: level.redundant, recipe: recipe{clean: true}, begin: beforeFirst(rebuild), action: "recover",
		after: relyOnRebuilt},
	{name: "check", can: level.redundant, recipe: recipe{clean: true}, begin: slowly(beginCheck), action: "check"},
	{name: "reshape", can: canReshape, recipe: recipe{clean: true}, begin: slowly(reshape), action: "reshape",
		with: func(r *rig) []string { return r.members[:r.level.members+1] }},
	{name: "bitmap", can: level.redundant, recipe: recipe{clean: true, bitmap: true}, begin: leaveDirty},
	{name: "journal", can: level.parity, recipe: recipe{more: []string{journalArg}}, begin: leaveDirty,
		with: func(r *rig) []string { return append(r.members[:r.level.members:r.level.members], r.journal()) }},
	{name: "ppl", can: isRaid5, recipe: recipe{clean: true, more: []string{pplArg}}, begin: leaveDirty},
	{name: "dirty", can: anyLevel, recipe: recipe{}, begin: leaveDirty},
	{name: "read-only", can: anyLevel, recipe: recipe{}, begin: readOnly},
	{name: "read-auto", can: anyLevel, recipe: recipe{}, begin: readAuto},
	{name: "degraded", can: level.redundant, recipe: recipe{clean: true}, begin: failOne,
		with: func(r *rig) []string { return r.members[1:r.level.members] }},
	{name: "missing", can: level.redundant, recipe: recipe{missing: true, clean: true}, begin: nothing,
		with: func(r *rig) []string { return r.members[:r.level.members-1] }},
}

// stops are cells that stop an array at such a moment.
func stops(l level) []cell {
	var all []cell
	for i, m := range moments {
		if m.can(l) {
			way := stopWays[(i+len(l.name))%len(stopWays)]
			all = append(all, cell{name: l.name + "/stop-" + m.name, level: l, run: func(ctx context.Context, r *rig) (string, error) {
				return m.run(ctx, r, way)
			}})
		}
	}
	return all
}

// run makes an array, writes, brings it to the moment, stops it, sees it go,
// assembles it again, and verifies.
func (m moment) run(ctx context.Context, r *rig, way string) (string, error) {
	r.does("create")
	c := m.recipe
	c.metadata = r.level.usual()
	c.more = r.withJournal(c.more)
	if err := r.make(ctx, c); err != nil {
		return "", err
	}
	var p pattern
	if !c.readonly {
		r.does("write")
		if err := errors.Join(r.settle(ctx), p.write(r.dev())); err != nil {
			return "", err
		}
	}
	r.does("come to %s", m.name)
	if err := m.begin(ctx, r, &p); err != nil {
		return "", err
	}
	if action, err := md.ReadAttr(r.kernelName(), "md/sync_action"); m.action != "" && action != m.action {
		return "", fmt.Errorf("md/sync_action is %q instead of %s (%v)", action, m.action, err)
	}
	r.does("stop by %s", way)
	if err := r.halt(ctx, way); err != nil {
		return "", err
	}
	r.does("assemble")
	members := r.members[:r.level.members]
	if m.with != nil {
		members = m.with(r)
	}
	if err := r.assemble(ctx, members); err != nil {
		return "", err
	}
	if err := p.verify(r.dev()); err != nil {
		return "", err
	}
	r.does("settle")
	if err := r.hurry(); err != nil {
		return "", err
	}
	if err := errors.Join(r.settle(ctx), p.verify(r.dev())); err != nil {
		return "", err
	}
	if m.after != nil {
		r.does("look once more")
		if err := m.after(ctx, r, &p); err != nil {
			return "", err
		}
	}
	r.does("stop again")
	return "stopped by " + way, r.halt(ctx, stopWays[0])
}

// journalArg stands for the argument that names the journal's disk.
const journalArg = "--write-journal=JOURNAL"

// pplArg asks for a partial parity log.
const pplArg = "--consistency-policy=ppl"

// withJournal puts the disk in.
func (r *rig) withJournal(args []string) []string {
	var out []string
	for _, arg := range args {
		out = append(out, strings.Replace(arg, "JOURNAL", r.journal(), 1))
	}
	return out
}

// journal is the member that a journal is on.
func (r *rig) journal() string { return r.members[len(r.members)-1] }

// slowly has what f begins go on for longer than the test takes.
func slowly(f func(context.Context, *rig, *pattern) error) func(context.Context, *rig, *pattern) error {
	return func(ctx context.Context, r *rig, p *pattern) error {
		for _, attr := range []string{"md/sync_speed_min", "md/sync_speed_max"} {
			if err := md.WriteAttr(r.kernelName(), attr, "64"); err != nil {
				return fmt.Errorf("%s: %w", attr, err)
			}
		}
		return f(ctx, r, p)
	}
}

// beforeFirst has the rebuild that f begins come to where it would begin with the first
// sector, and no further.
func beforeFirst(f func(context.Context, *rig, *pattern) error) func(context.Context, *rig, *pattern) error {
	return func(ctx context.Context, r *rig, p *pattern) error {
		if err := md.WriteAttr(r.kernelName(), "md/sync_max", "0"); err != nil {
			return fmt.Errorf("md/sync_max: %w", err)
		}
		if err := f(ctx, r, p); err != nil {
			return err
		}
		return errors.Join(
			r.until("sync_speed", func(speed string) bool { return speed != "none" }), // curr_resync is set
			r.until("sync_completed", func(done string) bool { return strings.HasPrefix(done, "0 / ") }))
	}
}

// hurry undoes slowly; an array without a resync has no such attribute.
func (r *rig) hurry() error {
	for _, attr := range []string{"md/sync_speed_max", "md/sync_speed_min"} {
		if err := md.WriteAttr(r.kernelName(), attr, "system"); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("%s: %w", attr, err)
		}
	}
	return nil
}

func nothing(context.Context, *rig, *pattern) error { return nil }

// readWrite lets an array begin that was made read-only.
func readWrite(ctx context.Context, r *rig, p *pattern) error {
	if err := r.mdadm(ctx, "--readwrite", r.dev()); err != nil {
		return err
	}
	return p.write(r.dev())
}

// rebuild has a member taken out, and put back when what is on it is no longer true.
func rebuild(ctx context.Context, r *rig, p *pattern) error {
	if err := r.takeOut(ctx, r.members[0]); err != nil {
		return err
	}
	if err := p.write(r.dev()); err != nil {
		return fmt.Errorf("degraded: %w", err)
	}
	if err := r.mdadm(ctx, r.dev(), "--add", r.members[0]); err != nil {
		return err
	}
	return r.begins("recover")
}

// relyOnRebuilt has the member fail that has the same on it as the rebuilt one, or takes
// it for its parity.
func relyOnRebuilt(ctx context.Context, r *rig, p *pattern) error {
	if err := errors.Join(r.whole(), r.mdadm(ctx, r.dev(), "--fail", r.members[1])); err != nil {
		return err
	}
	if err := p.verify(r.dev()); err != nil {
		return fmt.Errorf("from the rebuilt member: %w", err)
	}
	return nil
}

func beginCheck(_ context.Context, r *rig, _ *pattern) error {
	return r.syncAction("check")
}

// reshape adds a member, and has the array use it.
func reshape(ctx context.Context, r *rig, _ *pattern) error {
	if err := r.mdadm(ctx, r.dev(), "--add", r.members[r.level.members]); err != nil {
		return err
	}
	if err := r.mdadm(ctx, "--grow", r.dev(), fmt.Sprintf("--raid-devices=%d", r.level.members+1)); err != nil {
		return err
	}
	if err := r.begins("reshape"); err != nil || !r.level.parity() {
		return err
	}
	return r.recorded()
}

// recorded waits until md has written down how far a reshape is. Before that, a stop
// can lose the array's first blocks, on any kernel: raid5_start_reshape() leaves the
// min_offset_diff of raid5_run(), which does not know the new_offset that mdadm has set
// since, and so the first rows go where old ones are before the superblock says so.
func (r *rig) recorded() error {
	return r.until("reshape_position", func(at string) bool { return at != "0" })
}

// leaveDirty leaves data in the page cache, for the stop to write back.
func leaveDirty(_ context.Context, r *rig, p *pattern) (err error) {
	r.held, err = p.writeBuffered(r.dev())
	return err
}

func readOnly(ctx context.Context, r *rig, _ *pattern) error {
	return patiently(func() error { return r.mdadm(ctx, "--readonly", r.dev()) })
}

// readAuto has an array that is read-only until somebody writes to it.
func readAuto(ctx context.Context, r *rig, _ *pattern) error {
	return errors.Join(readOnly(ctx, r, nil), md.SetArrayState(r.kernelName(), md.StateReadAuto))
}

func failOne(ctx context.Context, r *rig, p *pattern) error {
	if err := r.mdadm(ctx, r.dev(), "--fail", r.members[0]); err != nil {
		return err
	}
	return p.write(r.dev())
}
