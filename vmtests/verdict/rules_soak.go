// SPDX-License-Identifier: BSD-3-Clause

package verdict

import "mdlife/internal/figures"

// soakEnd: after the soak there is what was there before it, and no more.
func soakEnd(rep *Report) []Result {
	s := rep.Patched.Soak
	if s == nil {
		return nil
	}
	return []Result{
		{Name: "soak-gone", Requirement: "R1", OK: len(s.Left) == 0, Detail: figures.List(s.Left)},
		{Name: "soak-leaks", Requirement: "R15", OK: len(s.Leaks) == 0, Detail: figures.List(s.Leaks)},
	}
}
