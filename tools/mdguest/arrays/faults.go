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

// faults are the ways of a member to fail. Its data begin before its sector 8192, and
// end behind: mdadm leaves less than 4 MiB for metadata on one of 16 MiB.
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
		if l.redundant() || l.members > 1 && !l.paths {
			all = append(all, cell{name: l.name + "/fault-" + f.name, level: l, run: f.run})
		}
	}
	if l.redundant() {
		all = append(all, cell{name: l.name + "/fault-slow", level: l, run: slow})
	}
	return all
}

// onNullb makes the array's members null_blk disks, the second with these attributes.
func (r *rig) onNullb(second map[string]string) error {
	r.members = nil
	for i := range perLane {
		n := &nullb{name: fmt.Sprintf("nb%s-%d", r.name, i), mib: "16"}
		r.nullbs = append(r.nullbs, n)
		var attrs map[string]string
		if i == 1 {
			attrs = second
		}
		if err := n.make(attrs); err != nil {
			return err
		}
		r.members = append(r.members, n.node())
	}
	return nil
}

// run has the second member fail in use, and what can go on go on.
func (f fault) run(ctx context.Context, r *rig) (string, error) {
	r.does("make disks")
	if err := r.onNullb(nil); err != nil {
		return "", err
	}
	r.does("create")
	if err := r.make(ctx, recipe{metadata: r.level.usual()}); err != nil {
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
	if !r.level.redundant() {
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
	degraded, err := r.noticed(victim)
	if err != nil {
		return "", err
	}
	r.does("member works again")
	if err := f.end(victim); err != nil {
		return "", err
	}
	if degraded {
		if err := r.putBackNullb(ctx, victim); err != nil {
			return "", err
		}
	}
	r.does("rebuild, and verify")
	if err := errors.Join(r.settle(ctx), r.whole(), p.write(r.dev()), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("stop")
	return fmt.Sprintf("degraded: %t", degraded), r.halt(ctx, stopWays[0])
}

// noticed tells whether md goes on without the member, and fails where it has not
// noticed anything: then the cell would show nothing. md may also go on with it, and
// keep a list of what is bad on it.
func (r *rig) noticed(n *nullb) (degraded bool, err error) {
	missing, err := md.ReadAttr(r.kernelName(), "md/degraded")
	if err != nil || missing != "0" {
		return true, err
	}
	bad, err := md.ReadAttr(r.kernelName(), "md/dev-"+n.name+"/bad_blocks")
	if err == nil && bad == "" {
		err = fmt.Errorf("%s fails, and md has noticed nothing", n.name)
	}
	return false, err
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
	if err := r.onNullb(map[string]string{"irqmode": "2", "completion_nsec": "2000000"}); err != nil {
		return "", err
	}
	r.does("create")
	if err := r.make(ctx, recipe{metadata: r.level.usual(), clean: true}); err != nil {
		return "", err
	}
	var p pattern
	r.does("write, and stop")
	if err := leaveDirty(ctx, r, &p); err != nil {
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
