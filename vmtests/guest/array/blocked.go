// SPDX-License-Identifier: BSD-3-Clause

package array

import "errors"

// WriteWhileBlocked has writes of some blocks wait for members that are blocked, does something, and lets them go on.
func (a *Array) WriteWhileBlocked(members []string, blocks []uint64, do func() error) error {
	if err := a.setStates(members, "blocked"); err != nil {
		return err
	}
	writes := a.RewriteBlocks(blocks...)
	err := Steps(func() error { return a.AllWait(writes) }, do)
	if err := errors.Join(err, a.setStates(members, "-blocked")); err != nil {
		return err
	}
	return writes.End()
}

// setStates writes a word to each of these members' state.
func (a *Array) setStates(members []string, word string) error {
	for _, m := range members {
		if err := a.Set(MemberDir(m)+"/state", word); err != nil {
			return err
		}
	}
	return nil
}
