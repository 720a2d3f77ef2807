// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"mdlife/tools/md"
)

// fault is what goes wrong with a member while the array is in use.
type fault struct {
	name  string
	begin func(*nullb) error // makes the member fail
	end   func(*nullb) error // and work again
}

// faults are the ways of a member to fail. Its first half holds metadata and the
// first blocks of data: what is bad begins in the middle.
var faults = []fault{
	{"bad-blocks", func(n *nullb) error { return n.bad("+", 8192, 10240) }, func(n *nullb) error { return n.bad("-", 8192, 10240) }},
	{"dead", func(n *nullb) error { return n.bad("+", 0, 32768) }, func(n *nullb) error { return n.bad("-", 0, 32768) }},
	{"pulled", func(n *nullb) error { return n.set("power", "0") }, func(n *nullb) error { return errors.Join(n.set("power", "1"), n.appears()) }},
}

// failures are cells in which a member fails. Those of levels that can lose one go on
// with all data; the others fail cleanly: I/O gets an error, and the array can be
// stopped.
func failures(l level) []cell {
	var all []cell
	for _, f := range faults {
		if l.lose > 0 || l.members > 1 && !l.paths {
			all = append(all, cell{name: l.name + "/fault-" + f.name, level: l, run: f.run})
		}
	}
	if l.lose > 0 {
		all = append(all, cell{name: l.name + "/fault-slow", level: l, run: slow})
	}
	return all
}

// onNullb makes the array's members null_blk disks.
func (r *rig) onNullb() error {
	r.members = nil
	for i := range perLane {
		n := &nullb{name: fmt.Sprintf("nb%s-%d", r.name, i), mib: "16"}
		r.nullbs = append(r.nullbs, n)
		if err := n.make(nil); err != nil {
			return err
		}
		r.members = append(r.members, n.node())
	}
	return nil
}

// run has the second member fail in use, and what can go on go on.
func (f fault) run(ctx context.Context, r *rig) (string, error) {
	r.does("make disks")
	if err := r.onNullb(); err != nil {
		return "", err
	}
	kinds := r.level.metadata()
	r.does("create")
	if err := r.make(ctx, recipe{metadata: kinds[len(kinds)-1]}); err != nil {
		return "", err
	}
	var p pattern
	r.does("write")
	if err := errors.Join(r.settle(ctx), p.write(r.dev())); err != nil {
		return "", err
	}
	victim := r.nullbs[1]
	r.does("member fails")
	if err := f.begin(victim); err != nil {
		return "", err
	}
	if r.level.lose == 0 {
		return f.cleanly(ctx, r, p)
	}
	return f.goOn(ctx, r, p, victim)
}

// goOn reads and writes on, and puts the member back when it works again.
func (f fault) goOn(ctx context.Context, r *rig, p pattern, victim *nullb) (string, error) {
	r.does("read and write without it")
	if err := errors.Join(p.verify(r.dev()), p.write(r.dev()), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("member works again")
	if err := f.end(victim); err != nil {
		return "", err
	}
	degraded, err := md.ReadAttr(r.kernelName(), "md/degraded")
	if err != nil {
		return "", err
	}
	if degraded != "0" {
		if err := r.putBackNullb(ctx, victim); err != nil {
			return "", err
		}
	}
	r.does("rebuild, and verify")
	if err := errors.Join(r.settle(ctx), r.whole(), p.write(r.dev()), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("stop")
	return "degraded: " + degraded, r.halt(ctx, stopWays[0])
}

// putBackNullb removes what has failed, and adds the disk as a new one.
func (r *rig) putBackNullb(ctx context.Context, n *nullb) error {
	// "detached" is what has no node any more.
	remove := func() error {
		failed := r.mdadm(ctx, r.dev(), "--remove", "failed")
		return errors.Join(failed, r.mdadm(ctx, r.dev(), "--remove", "detached"))
	}
	if err := r.patiently(remove); err != nil {
		return err
	}
	return errors.Join(wipe(n.node()), r.mdadm(ctx, r.dev(), "--add", n.node()))
}

// cleanly wants an error, and no hang: with a member gone, what is on it is, too.
func (f fault) cleanly(ctx context.Context, r *rig, p pattern) (string, error) {
	r.does("read without it")
	read := p.verify(r.dev())
	if read == nil {
		return "", errors.New("a read of all succeeded, though a member fails")
	}
	if !strings.Contains(read.Error(), "input/output error") && !errors.Is(read, os.ErrNotExist) {
		return "", read
	}
	r.does("stop")
	return "reads fail", r.halt(ctx, stopWays[1])
}

// slow has every I/O of one member take 2 ms, and stops the array under writes.
func slow(ctx context.Context, r *rig) (string, error) {
	r.does("make disks")
	if err := r.onNullb(); err != nil {
		return "", err
	}
	n := r.nullbs[1]
	for _, attr := range []struct{ name, value string }{{"power", "0"}, {"irqmode", "2"}, {"completion_nsec", "2000000"}, {"power", "1"}} {
		if err := n.set(attr.name, attr.value); err != nil {
			return "", err
		}
	}
	if err := n.appears(); err != nil {
		return "", err
	}
	kinds := r.level.metadata()
	r.does("create")
	if err := r.make(ctx, recipe{metadata: kinds[len(kinds)-1], clean: true}); err != nil {
		return "", err
	}
	var p pattern
	r.does("write, and stop")
	if err := keepWriting(ctx, r, &p); err != nil {
		return "", err
	}
	if err := r.halt(ctx, stopWays[1]); err != nil {
		return "", err
	}
	r.does("assemble, and verify")
	if err := errors.Join(r.assemble(ctx, r.members[:r.level.members]), p.verify(r.dev())); err != nil {
		return "", err
	}
	return "with one slow member", r.halt(ctx, stopWays[0])
}
