// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
)

// replacements are cells in which a member that cannot read some of its blocks is
// replaced while it is there, or the array grows: it has these blocks elsewhere, and all
// data go where they shall.
func replacements(l level) []cell {
	if !l.redundant() {
		return nil
	}
	all := []cell{{name: l.name + "/fault-replace", level: l, run: replaced}}
	if canReshape(l) {
		all = append(all, cell{name: l.name + "/fault-reshape", level: l, run: reshaped})
	}
	return all
}

// badFirst makes an array, writes, and has the first member not read some of it.
func (r *rig) badFirst(ctx context.Context) (p pattern, err error) {
	if err := r.makeOnNullb(ctx); err != nil {
		return p, err
	}
	r.does("write, and have a member fail to read")
	return p, errors.Join(p.write(r.dev()), r.nullbs[0].bad("+", 8192, 8704))
}

// reshaped grows the array by a member, and reads all as soon as that has begun, too.
func reshaped(ctx context.Context, r *rig) (string, error) {
	p, err := r.badFirst(ctx)
	if err != nil {
		return "", err
	}
	r.does("reshape")
	if err := slowly(reshape)(ctx, r, nil); err != nil {
		return "", err
	}
	if err := p.verify(r.dev()); err != nil {
		return "", fmt.Errorf("just begun: %w", err)
	}
	if err := errors.Join(r.hurry(), r.settle(ctx), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("stop")
	return "reshaped", r.halt(ctx, stopWays[1])
}

// replaced relies on the new member in the end.
func replaced(ctx context.Context, r *rig) (string, error) {
	p, err := r.badFirst(ctx)
	if err != nil {
		return "", err
	}
	r.does("replace it")
	if err := r.replace(ctx, r.members[0], r.members[r.level.members]); err != nil {
		return "", err
	}
	if err := errors.Join(r.whole(), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("rely on the new one")
	if err := r.mdadm(ctx, r.dev(), "--fail", r.members[1]); err != nil {
		return "", err
	}
	if err := p.verify(r.dev()); err != nil {
		return "", fmt.Errorf("from the new member: %w", err)
	}
	r.does("stop")
	return "replaced", r.halt(ctx, stopWays[1])
}
