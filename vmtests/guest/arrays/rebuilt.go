// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mdlife/tools/md"
)

// rebuildLimit is how long a rebuild around bad blocks may take: less than a task has to
// hang to be reported, which would end an unpatched 7.2's guest (patch 29 of mainline).
const rebuildLimit = 15 * time.Second

// lostBlocks is a rebuild from a member that cannot read some of its blocks: what was
// lost with them gets an error ever after, and is not taken for what is on the new
// member instead.
type lostBlocks struct {
	known   bool // md has written the blocks down as bad before, or it meets them then
	members int  // how many are rebuilt
}

// rebuilts are cells in which members are rebuilt from such a member.
func rebuilts(l level) []cell {
	if !l.redundant() {
		return nil
	}
	all := []cell{
		{name: l.name + "/fault-rebuild", level: l, run: lostBlocks{members: l.lose}.run},
		{name: l.name + "/fault-rebuild-known", level: l, run: lostBlocks{known: true, members: l.lose}.run},
	}
	if l.level == "raid10" { // of which two members are rebuilt at once, each from its own
		all = append(all, cell{name: l.name + "/fault-rebuild-two", level: l, run: lostBlocks{known: true, members: 2}.run})
	}
	return all
}

// run has blocks lost that one member cannot read or write, and those that have the same
// be new. They are spares from the start: where a bad block is written down, Debian's
// mdadm can add no member on 6.12 and 7.2 (docs/found.md).
func (b lostBlocks) run(ctx context.Context, r *rig) (string, error) {
	if err := r.makeOnNullb(ctx); err != nil {
		return "", err
	}
	spares := r.members[r.level.members:][:b.members]
	if err := r.mdadm(ctx, append([]string{r.dev(), "--add"}, spares...)...); err != nil {
		return "", err
	}
	p, err := b.write(ctx, r)
	if err != nil {
		return "", err
	}
	r.does("rebuild")
	whole, err := r.rebuildAround(ctx)
	if err != nil {
		return "", err
	}
	lost, err := p.unread(r.dev())
	if err == nil && lost == 0 {
		err = errors.New("all can be read, though a member that was needed for it cannot read some")
	}
	if err != nil {
		return "", err
	}
	if !whole && !(b.known && r.level.level == "raid10") { // 6.1's and 6.12's do not go on there (docs/found.md)
		return "", errors.New("the rebuild was given up")
	}
	if !whole {
		return fmt.Sprintf("given up; %d blocks get an error", lost), r.halt(ctx, stopWays[1])
	}
	return b.rely(ctx, r, p, lost)
}

// rely has a member fail for which the rebuilt ones stand in: the one with the lost
// blocks, or, of raid10, the last, which had all that was copied from it.
func (b lostBlocks) rely(ctx context.Context, r *rig, p pattern, lost int) (string, error) {
	r.does("rely on the new members")
	fails := r.members[1]
	if r.level.level == "raid10" {
		fails = r.members[3]
	}
	if err := r.mdadm(ctx, r.dev(), "--fail", fails); err != nil {
		return "", err
	}
	rest, err := p.unread(r.dev())
	if err == nil && rest > lost && r.level.level == "raid10" {
		err = fmt.Errorf("%d blocks get an error, and %d only while all members were there", rest, lost)
	}
	if err != nil {
		return "", err
	}
	r.does("stop")
	return fmt.Sprintf("%d blocks get an error, without a member %d", lost, rest), r.halt(ctx, stopWays[1])
}

// write writes, and has members be lost. What the second cannot read or write is in their
// place. The rebuild, and the replacement of a member with bad blocks, wait until
// md/sync_action is idle.
func (b lostBlocks) write(ctx context.Context, r *rig) (p pattern, err error) {
	fail := func() error { return r.nullbs[1].bad("+", 8192, 8704) }
	r.does("write, and lose members")
	if err := r.syncAction("frozen"); err != nil {
		return p, err
	}
	if !b.known {
		return p, errors.Join(p.write(r.dev()), r.loseMembers(ctx, b.members), fail())
	}
	if err := errors.Join(fail(), p.write(r.dev())); err != nil {
		return p, err
	}
	if bad, err := md.ReadAttr(r.kernelName(), "md/dev-"+r.nullbs[1].kernelName()+"/bad_blocks"); err != nil || bad == "" {
		return p, fmt.Errorf("no bad block was written down (%v)", err)
	}
	return p, r.loseMembers(ctx, b.members)
}

// loseMembers has the first fail, or the first and the third.
func (r *rig) loseMembers(ctx context.Context, n int) error {
	for _, m := range []string{r.members[0], r.members[2]}[:n] {
		if err := r.mdadm(ctx, r.dev(), "--fail", m); err != nil {
			return err
		}
	}
	return nil
}

// rebuildAround lets the rebuild begin, and tells whether the array is whole when it has
// ended, or was given up: the new member is a spare still.
func (r *rig) rebuildAround(ctx context.Context) (whole bool, err error) {
	if err := r.syncAction("idle"); err != nil {
		return false, err
	}
	if err := r.soon(rebuildLimit, func() error { return r.restsFor(ctx, peace) }); err != nil {
		return false, err
	}
	return r.whole() == nil, nil
}

// restsFor waits until md has done nothing for so long, or the array is whole.
func (r *rig) restsFor(ctx context.Context, quiet time.Duration) error {
	since := time.Now()
	for ; ctx.Err() == nil && time.Since(since) < quiet; time.Sleep(5 * time.Millisecond) {
		action, err := md.ReadAttr(r.kernelName(), "md/sync_action")
		if err != nil {
			return fmt.Errorf("md/sync_action: %w", err)
		}
		if action != "idle" {
			since = time.Now()
		} else if r.whole() == nil {
			return nil
		}
	}
	return ctx.Err()
}
