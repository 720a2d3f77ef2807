// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import "mdlife/vmtests/triage"

// expected is what a base's kernel may print although it is a warning. Each
// entry says why; whatever is not listed here is a finding.
var expected = []triage.Allow{
	{
		Base:   "mainline",
		Text:   "legacy_async_del_gendisk",
		Reason: "7.2 announces, once, that the parameter will go when an array is created by opening its node",
	},
}

// allowed returns the entries for one base.
func allowed(base string) []triage.Allow {
	var out []triage.Allow
	for _, a := range expected {
		if a.Base == base {
			out = append(out, a)
		}
	}
	return out
}
