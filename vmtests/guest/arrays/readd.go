// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mdlife/vmtests/guest/machine"
)

// reAdds are cells in which a member that was away comes back: of what was written
// meanwhile, and of that only, the bitmap has it brought up to date.
func reAdds(l level) []cell {
	if !l.redundant() {
		return nil
	}
	return []cell{{name: l.name + "/fault-re-add", level: l, run: reAdd}}
}

// reAdd writes every other run of the pattern while a member is away. A bit of the bitmap
// stands for one run.
func reAdd(ctx context.Context, r *rig) (string, error) {
	r.does("create")
	bits := []string{fmt.Sprintf("--bitmap-chunk=%dK", runBlocks*blockSize/1024), "--delay=1"}
	if err := r.make(ctx, recipe{metadata: r.level.usual(), bitmap: true, more: bits}); err != nil {
		return "", err
	}
	old, missed := pattern{parts: 2, part: 0}, pattern{parts: 2, part: 1}
	r.does("write")
	if err := errors.Join(r.settle(ctx), old.write(r.dev()), missed.write(r.dev()), r.bitmapClean(ctx)); err != nil {
		return "", err
	}
	r.does("write without a member")
	if err := r.takeOut(ctx, r.members[0]); err != nil {
		return "", err
	}
	if err := missed.write(r.dev()); err != nil {
		return "", err
	}
	r.does("re-add")
	if err := r.mdadm(ctx, r.dev(), "--re-add", r.members[0]); err != nil {
		return "", err
	}
	if err := errors.Join(r.settle(ctx), r.whole(), check(ctx, r, nil)); err != nil {
		return "", err
	}
	r.does("rely on it")
	if err := r.mdadm(ctx, r.dev(), "--fail", r.members[1]); err != nil {
		return "", err
	}
	if err := errors.Join(missed.verify(r.dev()), old.verify(r.dev())); err != nil {
		return "", fmt.Errorf("from the member that has come back: %w", err)
	}
	r.does("stop")
	return "came back", r.halt(ctx, stopWays[1])
}

// bitmapClean waits until no bit of the bitmap is set: md clears them late.
func (r *rig) bitmapClean(ctx context.Context) error {
	var out string
	const pause = 400 * time.Millisecond // each look is an mdadm
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(pause) {
		var err error
		if out, err = machine.RunMdadm(ctx, commandLimit, "--examine-bitmap", r.members[0]); err == nil && strings.Contains(out, " 0 dirty") {
			return nil
		}
	}
	return fmt.Errorf("bits are set still: %s", strings.TrimSpace(out))
}
