// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// knownBug is a bug that the kernels have, patched or not: docs/found.md says why there is no patch. A test
// case that shows it is not passed, but does not fail a run either, which then would never pass.
type knownBug struct {
	found    string                       // the heading in docs/found.md, from its beginning
	scenario string                       // what the scenario's name begins with
	on       func(array.Personality) bool // the personalities that have the bug
	releases []string                     // what the release of the kernels with it begins with; none: all
	says     *regexp.Regexp               // what the failure says: another one is no known bug
}

// notAssembled is what a power cut leaves of which mdadm says that it is not one array.
var notAssembled = regexp.MustCompile(`is not assembled: (RUN_ARRAY|ADD_NEW_DISK).*superblock on .* doesn't match others`)

var knownBugs = []knownBug{
	{found: "A reshape of raid4, raid5 or raid6 puts other content", scenario: "reshape-unreadable-", on: array.Personality.Parity,
		says: regexp.MustCompile(`read all: .*(is block \d+|no block of ours|torn, or changed|blocks \[\] get an error)|lose block .*blocks \[\] get an error`)},
	{found: "A mirror whose legs both fail for a moment", scenario: "fault-failfast", on: array.Personality.Mirrors,
		says: regexp.MustCompile(`write again: .*input/output error`)},
	{found: "I/O at the position of a frozen reshape", scenario: "reshape-held-io-frozen", on: array.Personality.Parity, releases: []string{"6.1."},
		says: regexp.MustCompile(`suspend_lo|sync_action|does not return|hangs`)},
	{found: "An inactive volume that mdmon does not clear", scenario: "mdmon-", on: array.Personality.Redundant,
		says: regexp.MustCompile(`stopped by inactive, but md\d+ is inactive`)},
	{found: "A rebuilt raid10 of DDF counts as degraded", scenario: "mdmon-ddf-", on: array.Personality.IsRaid10,
		says: regexp.MustCompile(`assemble incrementally: md/degraded is "1"`)},
	{found: "A power cut while a reshape begins or ends", scenario: "cuts-grow-begin", on: array.HasChange("grow"), says: notAssembled},
	{found: "A power cut while a reshape begins or ends", scenario: "cuts-chunk-end", on: array.HasChange("chunk"), says: notAssembled},
	{found: "A power cut while a reshape begins or ends", scenario: "cuts-layout-end", on: array.HasChange("layout"), says: notAssembled},
}

// excuse has a test case that has failed for a known bug skipped, in words that say so.
func excuse(res event.Cell, c testCase, release string) event.Cell {
	i := slices.IndexFunc(knownBugs, func(k knownBug) bool { return k.shownBy(c, release) && k.says.MatchString(res.Detail) })
	if res.OK || i < 0 {
		return res
	}
	res.Skipped, res.Detail = "known bug ("+knownBugs[i].found+"…, docs/found.md): "+res.Detail, ""
	return res
}

// shownBy reports whether a test case shows the bug on a kernel.
func (k knownBug) shownBy(c testCase, release string) bool {
	begins := func(prefix string) bool { return strings.HasPrefix(release, prefix) }
	return strings.HasPrefix(c.scenario.name, k.scenario) && k.on(c.personality) &&
		(len(k.releases) == 0 || slices.ContainsFunc(k.releases, begins))
}

// release is the kernel's, "" if it is not known.
func release() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
