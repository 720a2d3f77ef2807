// SPDX-License-Identifier: BSD-3-Clause

package array_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/array/arraytest"
)

// TestChanges: which changes of geometry a personality has.
func TestChanges(t *testing.T) {
	for personality, want := range map[string]string{
		"raid0": "", "raid1": "", "raid10-far": "", "raid4": "grow chunk chunk-back",
		"raid5": "grow chunk chunk-back layout", "raid6": "grow chunk chunk-back layout",
		"raid10-near": "grow chunk chunk-back layout", "raid10-offset": "grow chunk chunk-back layout",
	} {
		p := array.PersonalityNamed(personality)
		var got []string
		for _, c := range p.Changes() {
			got = append(got, c.Name)
			if !array.HasChange(c.Name)(p) {
				t.Errorf("%s has %s, and has not", personality, c.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", personality, got, want)
		}
	}
}

// TestPrepare: a change is told to md before it begins, held, and the data of each member, of the
// new one as well, move away from where new data go.
func TestPrepare(t *testing.T) {
	for _, c := range []struct{ change, want string }{
		{"grow", "sync_max 0, dev-ram0/new_offset 8128, dev-ram1/new_offset 8128, dev-ram2/new_offset 8128, dev-ram3/new_offset 8128, raid_disks 4"},
		{"chunk", "sync_max 0, dev-ram0/new_offset 7936, dev-ram1/new_offset 7936, dev-ram2/new_offset 7936, chunk_size 32768"},
		{"chunk-back", "sync_max 0, reshape_direction backwards, dev-ram0/new_offset 8448, dev-ram1/new_offset 8448, dev-ram2/new_offset 8448, chunk_size 32768"},
		{"layout", "sync_max 0, dev-ram0/new_offset 7936, dev-ram1/new_offset 7936, dev-ram2/new_offset 7936, layout 0"},
	} {
		p := array.PersonalityNamed("raid5")
		a, m := arraytest.Array(t, p)
		change, _ := p.ChangeNamed(c.change)
		if err := array.Steps(a.Create(array.Recipe{Clean: true}), func() error { return a.Prepare(change) }); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(m.Attrs, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.change, got, c.want)
		}
		if added := slices.Contains(m.Calls, "md50 --add ram3"); added != (change.Disks == 1) {
			t.Errorf("%s: %v", c.change, m.Calls)
		}
	}
}

// TestCall: a call's error says what it was, and a call that is not over does not say that it is.
func TestCall(t *testing.T) {
	broken := errors.New("broken")
	goOn := make(chan struct{})
	c := array.Begin("a read", func() error {
		<-goOn
		return broken
	})
	if c.Over() {
		t.Error("it is over, though it has not gone on")
	}
	close(goOn)
	if err := c.End(time.Minute); !errors.Is(err, broken) || err.Error() != "a read: broken" || !c.Over() {
		t.Errorf("%v, over: %t", err, c.Over())
	}
}
