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

// fault is what goes wrong with the second member while the array is in use.
type fault struct {
	name  string
	disks func(context.Context, *rig) (victim, error) // makes the members
	begin func(victim) error                          // makes the second fail
	end   func(victim) error                          // and work again
	clean func(level) bool                            // whether the array is made without a resync; nil: never
}

// victim is the member that fails.
type victim interface {
	node() string
	kernelName() string
}

// onDisk makes a step of a fault out of one for a kind of disk.
func onDisk[D victim](f func(D) error) func(victim) error {
	return func(v victim) error { return f(v.(D)) }
}

// faults are the ways of a member to fail. Its data begin before its sector 8192, and
// end behind: mdadm leaves less than 4 MiB for metadata on one of 16 MiB.
var faults = append([]fault{
	{name: "bad-blocks", disks: plainNullb,
		begin: onDisk(func(n *nullb) error { return n.bad("+", 8192, 10240) }),
		end:   onDisk(func(n *nullb) error { return n.bad("-", 8192, 10240) })},
	{name: "dead", disks: plainNullb,
		begin: onDisk(func(n *nullb) error { return n.bad("+", 0, 32768) }),
		end:   onDisk(func(n *nullb) error { return n.bad("-", 0, 32768) })},
	{name: "pulled", disks: plainNullb,
		begin: onDisk(func(n *nullb) error { return n.set("power", "0") }),
		end:   onDisk(func(n *nullb) error { return errors.Join(n.set("power", "1"), n.appears()) })},
}, mappedFaults...)

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

// nullbs is how many null_blk disks a cell has: a raid6, and what it can lose.
const nullbs = 6

// onNullb makes the array's members null_blk disks, the second with these attributes.
func (r *rig) onNullb(second map[string]string) error {
	r.members = nil
	for i := range nullbs {
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

// makeOnNullb makes an array of such disks, which agree already.
func (r *rig) makeOnNullb(ctx context.Context) error {
	r.does("make disks")
	if err := r.onNullb(nil); err != nil {
		return err
	}
	r.does("create")
	return r.make(ctx, recipe{metadata: r.level.usual(), clean: true})
}

// plainNullb makes the members null_blk disks.
func plainNullb(_ context.Context, r *rig) (victim, error) {
	if err := r.onNullb(nil); err != nil {
		return nil, err
	}
	return r.nullbs[1], nil
}

// run has the second member fail in use, and what can go on go on.
func (f fault) run(ctx context.Context, r *rig) (string, error) {
	r.does("make disks")
	v, err := f.disks(ctx, r)
	if err != nil {
		return "", err
	}
	r.does("create")
	if err := r.make(ctx, recipe{metadata: r.level.usual(), clean: f.clean != nil && f.clean(r.level)}); err != nil {
		return "", err
	}
	var p pattern
	r.does("write")
	if err := errors.Join(r.settle(ctx), p.write(r.dev())); err != nil {
		return "", err
	}
	r.does("member fails")
	if err := f.begin(v); err != nil {
		return "", err
	}
	if !r.level.redundant() {
		return f.cleanly(ctx, r, p)
	}
	return f.goOn(ctx, r, p, v)
}

// goOn reads and writes on, and puts the member back when it works again.
func (f fault) goOn(ctx context.Context, r *rig, p pattern, v victim) (string, error) {
	r.does("read and write without it")
	if err := p.verify(r.dev()); err != nil {
		return "", err
	}
	if err := r.scrub(ctx); err != nil { // a mirror may have read from the other member only
		return "", err
	}
	if err := errors.Join(p.write(r.dev()), p.verify(r.dev())); err != nil {
		return "", err
	}
	degraded, err := r.noticed(v)
	if err != nil {
		return "", err
	}
	r.does("member works again")
	if err := f.end(v); err != nil {
		return "", err
	}
	if degraded {
		if err := r.comeBack(ctx, v); err != nil {
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

// scrub has md read all members, unless it goes on without one already.
func (r *rig) scrub(ctx context.Context) error {
	if r.whole() != nil {
		return nil
	}
	_, err := r.mismatches(ctx, "check")
	return err
}

// noticed tells whether md goes on without the member, and fails where it has not
// noticed anything: then the cell would show nothing. md may also go on with it, and
// keep a list of what is bad on it, or have written anew what it could not read.
func (r *rig) noticed(v victim) (degraded bool, err error) {
	missing, err := md.ReadAttr(r.kernelName(), "md/degraded")
	if err != nil || missing != "0" {
		return true, err
	}
	for attr, nothing := range map[string]string{
		"md/dev-" + v.kernelName() + "/bad_blocks": "",
		"md/dev-" + v.kernelName() + "/errors":     "0",
		"md/mismatch_cnt":                          "0", // where raid1 counts what a check could not read
	} {
		if got, err := md.ReadAttr(r.kernelName(), attr); err != nil || got != nothing {
			return false, err
		}
	}
	return false, fmt.Errorf("%s fails, and md has noticed nothing", v.kernelName())
}

// comeBack removes what has failed, and adds the disk as a new one.
func (r *rig) comeBack(ctx context.Context, v victim) error {
	// "detached" is what has no node any more.
	remove := func() error {
		failed := r.mdadm(ctx, r.dev(), "--remove", "failed")
		return errors.Join(failed, r.mdadm(ctx, r.dev(), "--remove", "detached"))
	}
	if err := patiently(remove); err != nil {
		return err
	}
	return errors.Join(wipe(v.node()), r.mdadm(ctx, r.dev(), "--add", v.node()))
}

// cleanly wants an error, and no hang: with a member gone, what is on it is, too.
func (f fault) cleanly(ctx context.Context, r *rig, p pattern) (string, error) {
	r.does("read and write without it")
	seen := "reads fail"
	err := p.verify(r.dev())
	if err == nil { // it may be that it only does not take writes
		seen, err = "writes fail", p.write(r.dev())
	}
	if err == nil {
		return "", errors.New("a read and a write of all succeeded, though a member fails")
	}
	if !strings.Contains(err.Error(), "input/output error") && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	r.does("stop")
	return seen, r.halt(ctx, stopWays[1])
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
