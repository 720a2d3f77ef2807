// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// FaultyMember is a member that is an array of personality faulty, which fails as it is
// told (md(4)).
type FaultyMember struct {
	array *Array
	minor uint32
}

// UseFaultyMember makes the second member one of personality faulty.
func (a *Array) UseFaultyMember() (*FaultyMember, error) {
	m := &FaultyMember{array: a, minor: machine.MemberMinors.First + a.minor - machine.ArrayMinors.First}
	a.later(func() error { return md.Remove(m.KernelName(), GoneLimit) })
	if err := a.RunMdadm("--build", m.Node(), "--auto=md", "--level=faulty", "--raid-devices=1", a.Members[1]); err != nil {
		return nil, err
	}
	a.Members[1] = m.Node()
	return m, WaitForNode(m.Node())
}

// KernelName returns the member's name in sysfs.
func (m *FaultyMember) KernelName() string { return md.Name(m.minor) }

// Node returns the member's node.
func (m *FaultyMember) Node() string { return "/dev/" + m.KernelName() }

// Layout tells the member which I/O to fail: mdadm --grow --layout.
func (m *FaultyMember) Layout(modes ...string) error {
	for _, mode := range modes {
		out, err := m.array.host.Mdadm(m.array.ctx, commandLimit, "--grow", m.Node(), "--layout="+mode)
		if err != nil {
			return fmt.Errorf("%w: %s (--layout=%s)", err, strings.TrimSpace(out), mode)
		}
	}
	return nil
}
