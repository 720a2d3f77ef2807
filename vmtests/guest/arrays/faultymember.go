// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"fmt"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// faultyModes are what a member of personality faulty can be told to do with
// mdadm --grow --layout: fail so many-th writes or reads, for once, for ever, or until
// the place is written again (md(4)).
var faultyModes = []string{"write-transient7", "read-transient7", "write-persistent5", "read-persistent5", "read-fixable5", "write-all"}

// faultyMembers are cells of a raid1 whose second member is an array of personality
// faulty, which kernels lost with Linux 6.8.
func faultyMembers(l level) []cell {
	if l.level != "faulty" {
		return nil
	}
	var all []cell
	for _, mode := range faultyModes {
		f := fault{
			disks: onFaulty,
			begin: onDisk(func(m *faultyMember) error { return m.layout(mode) }),
			// "clear" ends the modes, "flush" forgets the places.
			end: onDisk(func(m *faultyMember) error { return m.layout("clear", "flush") }),
		}
		name := l.name + "/member-" + strings.TrimRight(mode, "0123456789")
		all = append(all, cell{name: name, level: l, run: func(ctx context.Context, r *rig) (string, error) {
			r.level = levelNamed("raid1")
			return f.run(ctx, r)
		}})
	}
	return all
}

// faultyMember is such a member.
type faultyMember struct {
	ctx   context.Context
	minor uint32
}

func (m *faultyMember) kernelName() string { return md.Name(m.minor) }
func (m *faultyMember) node() string       { return "/dev/" + m.kernelName() }

// onFaulty makes the second member one of personality faulty.
func onFaulty(ctx context.Context, r *rig) (victim, error) {
	_, minor, err := md.DevNumber(strings.TrimPrefix(r.members[1], "/dev/"))
	if err != nil {
		return nil, err
	}
	m := &faultyMember{ctx: ctx, minor: belowMinor + minor}
	r.later(func() error { return md.Remove(m.kernelName(), goneLimit) })
	if err := r.mdadm(ctx, "--build", m.node(), "--auto=md", "--level=faulty", "--raid-devices=1", r.members[1]); err != nil {
		return nil, err
	}
	r.members[1] = m.node()
	return m, appears(m.node())
}

// layout tells the member what to do.
func (m *faultyMember) layout(modes ...string) error {
	for _, mode := range modes {
		out, err := machine.RunMdadm(m.ctx, commandLimit, "--grow", m.node(), "--layout="+mode)
		if err != nil {
			return fmt.Errorf("%w: %s (--layout=%s)", err, strings.TrimSpace(out), mode)
		}
	}
	return nil
}
