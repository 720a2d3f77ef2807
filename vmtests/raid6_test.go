// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"strings"
	"testing"
)

const raid6Console = "[    0.41] raid6: avx2x4    gen() 5000 MB/s, rmw  4000 MB/s\r\n" +
	"[    0.42] raid6: using algorithm avx2x4\r\n" +
	"[    1.00]     KTAP version 1\r\n" +
	"[    1.01]         ok 1 avx2x4\r\n" +
	"[    1.02]     ok 1 raid6_test\r\n" +
	"[    1.03] # raid6: pass:2 fail:0 skip:0 total:2\r\n" +
	"[    1.04] ok 1 raid6\r\n"

// TestRAID6Boot: a test that fails, a suite that is not there, and a kernel that has
// not chosen are told.
func TestRAID6Boot(t *testing.T) {
	for _, c := range []struct {
		name, console string
		kunit         bool
		problem       string // "" for none
	}{
		{"passes", raid6Console, true, ""},
		{"one fails", strings.Replace(raid6Console, "    ok 1 raid6_test", "    not ok 1 raid6_test", 1), true, "KUnit: not ok 1 raid6_test"},
		{"the totals say so", strings.Replace(raid6Console, "fail:0", "fail:1", 1), true, "KUnit has not said"},
		{"no suite", raid6Console[:strings.Index(raid6Console, "[    1.00]")], true, "KUnit has not said"},
		{"none wanted", raid6Console[:strings.Index(raid6Console, "[    1.00]")], false, ""},
		{"the clock stood still", "raid6: avx2x4    gen() 24576000 MB/s, rmw 24576000 MB/s\n" + raid6Console, true, "cannot be: raid6: avx2x4"},
		{"nothing chosen", "[    0.1] raid6: skipped pq benchmark and selected avx2x4\n", false, "has not said which"},
	} {
		b := readRAID6Boot(c.console, c.kunit)
		got := strings.Join(b.Problems, "; ")
		if (got == "") != (c.problem == "") || !strings.Contains(got, c.problem) || len(b.Said) == 0 {
			t.Errorf("%s: %q, said %q", c.name, got, b.Said)
		}
	}
}

func TestParityLines(t *testing.T) {
	got := ParityLines(raid6Console + "[    1.10] xor: measuring software checksum speed\r\n[    1.11] md: raid6 is up\r\n")
	want := "raid6: avx2x4    gen() 5000 MB/s, rmw  4000 MB/s|raid6: using algorithm avx2x4|xor: measuring software checksum speed"
	if strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", strings.Join(got, "|"), want)
	}
}
