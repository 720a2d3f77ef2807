// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"mdlife/tools/md"
)

// life is one way to make an array.
type life struct {
	metadata string
	bitmap   bool
	named    bool
	stop     string // one of stopWays
}

// lives are the whole lives of an array, with each kind of metadata.
func lives(l level) []cell {
	var all []cell
	for i, metadata := range l.metadata() {
		for _, bitmap := range []bool{false, true} {
			if bitmap && !l.redundant() {
				continue
			}
			v := life{metadata: metadata, bitmap: bitmap, stop: stopWays[i%len(stopWays)]}
			v.named = metadata != "0.90" && bitmap == (metadata == "1.2") // 0.90 has no room for a name
			name := l.name + "/life-" + metadata
			if bitmap {
				name += "-bitmap"
			}
			all = append(all, cell{name: name, level: l, run: v.run})
		}
	}
	return all
}

// run leads an array through its life.
func (v life) run(ctx context.Context, r *rig) (string, error) {
	if v.named {
		r.named = strings.NewReplacer(".", "", "-", "").Replace(fmt.Sprintf("%s%sx", r.level.name, v.metadata))
	}
	var p pattern
	for _, step := range []struct {
		what string
		do   func(context.Context, *rig, *pattern) error
	}{
		{"create", v.create}, {"write and verify", v.fill}, {"lose members", lose}, {"put them back", v.putBack},
		{"replace a member", v.replace}, {"check", check}, {"grow", v.grow}, {"stop", v.halt}, {"assemble", v.assemble}, {"stop again", v.halt},
	} {
		r.does("%s", step.what)
		if err := step.do(ctx, r, &p); err != nil {
			return "", err
		}
	}
	return "lived", nil
}

// create makes the array and waits for its first resync.
func (v life) create(ctx context.Context, r *rig, _ *pattern) error {
	if err := r.make(ctx, recipe{metadata: v.metadata, bitmap: v.bitmap}); err != nil {
		return err
	}
	return r.settle(ctx)
}

func (v life) fill(_ context.Context, r *rig, p *pattern) error {
	return errors.Join(p.write(r.dev()), p.verify(r.dev()))
}

// lose has as many members fail as the array can do without.
func lose(ctx context.Context, r *rig, p *pattern) error {
	for _, m := range r.members[:r.level.lose] {
		if err := r.mdadm(ctx, r.dev(), "--fail", m); err != nil {
			return err
		}
	}
	if !r.level.redundant() {
		return nil
	}
	if err := p.verify(r.dev()); err != nil {
		return fmt.Errorf("degraded: %w", err)
	}
	if err := p.write(r.dev()); err != nil {
		return fmt.Errorf("degraded: %w", err)
	}
	return p.verify(r.dev())
}

// takeOut has a member fail, and removes it.
func (r *rig) takeOut(ctx context.Context, member string) error {
	if err := r.mdadm(ctx, r.dev(), "--fail", member); err != nil {
		return err
	}
	return patiently(func() error { return r.mdadm(ctx, r.dev(), "--remove", member) })
}

// putBack removes the failed members, adds them again, and waits for the rebuild: of
// what has changed, where there is a bitmap, else of all.
func (v life) putBack(ctx context.Context, r *rig, p *pattern) error {
	add := "--add"
	if v.bitmap {
		add = "--re-add"
	}
	for _, what := range []string{"--remove", add} {
		for _, m := range r.members[:r.level.lose] {
			if err := r.mdadm(ctx, r.dev(), what, m); err != nil {
				return err
			}
		}
	}
	return errors.Join(r.settle(ctx), r.whole(), p.verify(r.dev()))
}

// replace puts another member in the place of one that works.
func (v life) replace(ctx context.Context, r *rig, p *pattern) error {
	if !r.level.redundant() || v.metadata == "0.90" { // which has no room for it
		return nil
	}
	old, spare := r.members[0], r.members[r.level.members]
	if err := r.replace(ctx, old, spare); err != nil {
		return err
	}
	r.members[0], r.members[r.level.members] = spare, old
	return errors.Join(wipe(old), r.whole(), p.verify(r.dev()))
}

// replace has a spare take the place of a member that is there, and takes that out.
func (r *rig) replace(ctx context.Context, old, spare string) error {
	for _, args := range [][]string{{"--add", spare}, {"--replace", old, "--with", spare}} {
		if err := r.mdadm(ctx, append([]string{r.dev()}, args...)...); err != nil {
			return err
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	// The kernel may not have let go of it yet.
	return patiently(func() error { return r.mdadm(ctx, r.dev(), "--remove", old) })
}

// check has md compare the members.
func check(ctx context.Context, r *rig, _ *pattern) error {
	if !r.level.redundant() {
		return nil
	}
	if n, err := r.mismatches(ctx, "check"); err != nil || n != 0 {
		return errors.Join(fmt.Errorf("md/mismatch_cnt is %d after a check", n), err)
	}
	return nil
}

// syncAction tells md what to do.
func (r *rig) syncAction(action string) error {
	if err := md.WriteAttr(r.kernelName(), "md/sync_action", action); err != nil {
		return fmt.Errorf("%s > md/sync_action: %w", action, err)
	}
	return nil
}

// mismatches has md compare the members ("check"), or make them agree as well
// ("repair"), and returns how many sectors it says did not.
func (r *rig) mismatches(ctx context.Context, action string) (int, error) {
	if err := r.syncAction(action); err != nil {
		return 0, err
	}
	if err := r.settle(ctx); err != nil {
		return 0, err
	}
	n, err := md.ReadAttr(r.kernelName(), "md/mismatch_cnt")
	if err != nil {
		return 0, fmt.Errorf("md/mismatch_cnt: %w", err)
	}
	return strconv.Atoi(n)
}

// grow adds a member, and waits for the reshape.
func (v life) grow(ctx context.Context, r *rig, p *pattern) error {
	if !r.level.grows(v.metadata) {
		return nil
	}
	if err := r.mdadm(ctx, r.dev(), "--add", r.members[r.level.members]); err != nil {
		return err
	}
	backup := fmt.Sprintf("/tmp/backup-%s", r.kernelName())
	defer os.Remove(backup)
	args := []string{"--grow", r.dev(), fmt.Sprintf("--raid-devices=%d", r.level.members+1)}
	if r.level.parity() {
		args = append(args, "--backup-file="+backup)
	}
	if err := r.mdadm(ctx, args...); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	if n, err := md.ReadAttr(r.kernelName(), "md/raid_disks"); err != nil || !strings.HasPrefix(n, fmt.Sprint(r.level.members+1)) {
		return fmt.Errorf("grown, but md/raid_disks is %q (%v)", n, err)
	}
	return p.verify(r.dev())
}

func (v life) halt(ctx context.Context, r *rig, _ *pattern) error { return r.halt(ctx, v.stop) }

// assemble brings the array back, and looks whether all is there.
func (v life) assemble(ctx context.Context, r *rig, p *pattern) error {
	n := r.level.members
	if r.level.grows(v.metadata) {
		n++
	}
	if err := r.assemble(ctx, r.members[:n]); err != nil {
		return err
	}
	if err := r.whole(); err != nil {
		return err
	}
	return errors.Join(p.verify(r.dev()), r.settle(ctx))
}
