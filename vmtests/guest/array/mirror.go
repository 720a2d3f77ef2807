// SPDX-License-Identifier: BSD-3-Clause

package array

import "mdlife/tools/md"

// UseMirror makes a raid1 of two disks, which takes their place as the last one of the array's: where its
// journal is.
func (a *Array) UseMirror(legs []string) error {
	name := md.Name(a.minor + Places)
	node := a.host.Node(name)
	a.later(func() error { return md.Remove(name, GoneLimit) })
	args := []string{"--create", node, "--run", "--force", "--config=" + a.conf, "--auto=md", "--metadata=1.2",
		"--level=raid1", "--raid-devices=2", "--assume-clean", "--bitmap=none"}
	if err := a.RunMdadm(append(args, legs...)...); err != nil {
		return err
	}
	a.Members = append(a.Members[:a.Personality.Disks:a.Personality.Disks], node)
	return WaitForNode(node)
}

// FailIn has a member of another array fail.
func (a *Array) FailIn(other, member string) error {
	return a.RunMdadm(other, "--fail", member)
}
