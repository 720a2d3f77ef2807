// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"strings"
	"testing"

	"mdlife/internal/remember"
	"mdlife/kernel/internal/faketree"
)

// docScript is a kernel-doc that complains of lines with BAD, and says where they are.
const docScript = `#!/usr/bin/perl
# Wall
die "@ARGV" unless "@ARGV" eq "-none -Wall md.c"; open(F, $ARGV[2]) or die; while (<F>) { print "md.c:$.: warning: odd $_" if /BAD/; }
`

// TestKernelDoc: what a patch brings is found, and what was there before it, or has moved, is not.
func TestKernelDoc(t *testing.T) {
	c := fixture(t, mail("four", "BAD one\n+BAD two", "first"), strings.NewReplacer("@@ -1,7 +1,7 @@", "@@ -4,5 +4,5 @@", " one\n two\n three\n", "").
		Replace(mail("BAD one", "fine", "second")))
	c.Patches[0].Text = []byte(strings.Replace(string(c.Patches[0].Text), "+1,7 @@", "+1,8 @@", 1))
	c.Patches[1].Text = []byte(strings.Replace(strings.Replace(string(c.Patches[1].Text), "+fine\n", "+fine\n BAD two\n", 1), "@@ -4,5 +4,5 @@", "@@ -4,5 +4,5 @@", 1))
	c.Memory = remember.Open(t.TempDir())
	faketree.Write(t, c.Source, map[string]string{"scripts/kernel-doc": docScript})
	faketree.Run(t, "chmod", "+x", c.Source+"/scripts/kernel-doc")
	for run := range 2 {
		rs, err := c.KernelDoc(t.Context())
		if err != nil || len(rs) != 2 || rs[0].Detail != "md.c: warning: odd BAD one\nmd.c: warning: odd BAD two" || !rs[1].OK() || rs[1].Remembered != (run == 1) {
			t.Errorf("run %d: %+v, %v", run, rs, err)
		}
	}
}

func TestOnlyIn(t *testing.T) {
	if got := strings.Join(onlyIn([]string{"a", "b", "a", "c"}, []string{"c", "a"}), " "); got != "b a" {
		t.Errorf("%q", got)
	}
}
