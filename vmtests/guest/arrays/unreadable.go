// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// ioLimit is how long I/O may take that gets an error in the end.
const ioLimit = 10 * time.Second

// unreadables are cells in which a member cannot read some of its blocks when the array
// has lost all redundancy: I/O gets an error, and the array can be stopped. The copies
// of raid10's far and offset layouts are on other members than those that are lost.
func unreadables(l level) []cell {
	if !l.redundant() || l.variant() == "far" || l.variant() == "offset" {
		return nil
	}
	return []cell{{name: l.name + "/fault-unreadable", level: l, run: unreadable}}
}

// unreadable reads and writes what nobody has any more.
func unreadable(ctx context.Context, r *rig) (string, error) {
	p, err := r.loseBlocks(ctx)
	if err != nil {
		return "", err
	}
	if err := r.getsEIO("read", func() error { return p.verify(r.dev()) }); err != nil {
		return "", err
	}
	if err := r.getsEIO("write", func() error { return p.write(r.dev()) }); err != nil {
		return "", err
	}
	r.does("stop")
	return "I/O gets an error", r.halt(ctx, stopWays[1])
}

// loseBlocks makes an array, fails as many members as it can lose, and has another not
// read some of its blocks.
func (r *rig) loseBlocks(ctx context.Context) (p pattern, err error) {
	if err := r.makeOnNullb(ctx); err != nil {
		return p, err
	}
	r.does("write, and lose members")
	if err := p.write(r.dev()); err != nil {
		return p, err
	}
	if err := r.loseMembers(ctx, r.level.lose); err != nil {
		return p, err
	}
	return p, r.nullbs[1].bad("+", 8192, 10240)
}

// getsEIO wants an error, and soon.
func (r *rig) getsEIO(what string, io func() error) error {
	r.does("%s", what)
	if err := r.soon(ioLimit, io); !errors.Is(err, unix.EIO) {
		return fmt.Errorf("no EIO, but %v", err)
	}
	return nil
}

// soon wants f to return in time. Where it does not, the member whose blocks are missing
// is failed, which ends all I/O, and a CPU's work.
func (r *rig) soon(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
	}
	err := fmt.Errorf("has not returned after %v", limit)
	failed := md.WriteAttr(r.kernelName(), "md/dev-"+r.nullbs[1].kernelName()+"/state", "faulty")
	if failed != nil && !errors.Is(failed, unix.EBUSY) { // which says that the array has failed
		err = errors.Join(err, failed)
	}
	return err
}
