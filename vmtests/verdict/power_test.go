// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"bytes"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

func TestPower(t *testing.T) {
	p := Power{Label: "patched", Cuts: 2}
	if len(p.Broken()) == 0 {
		t.Error("nothing was looked at, and that is right")
	}
	p.Add(event.Power{Array: "raid6", Acked: 7, Looked: 7})
	p.Add(event.Power{Array: "raid5", Acked: 5, Looked: 5, Holes: 1, Forced: true})
	p.Add(event.Power{Array: "raid5", Acked: 9, Looked: 9})
	want := []string{"raid6: looked at after 1 of 2 cuts"}
	if got := p.Broken(); len(got) != 1 || got[0] != want[0] {
		t.Errorf("%q, want %q", got, want)
	}
	p.Add(event.Power{Array: "raid6", Acked: 8, Looked: 8, Wrong: "block 3 is torn"})
	p.Add(event.Power{Array: "raid6", Wrong: "block 4 is torn"})
	p.Cuts = 3
	if got := p.Broken(); !strings.Contains(strings.Join(got, "; "), "raid6: after cut 2: block 3 is torn") {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	if err := WritePower(&b, p); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"patched: the machine was killed 3 times", "block 3 is torn", "14"} {
		if !strings.Contains(strings.ToLower(b.String()), s) {
			t.Errorf("no %q in\n%s", s, b.String())
		}
	}
}
