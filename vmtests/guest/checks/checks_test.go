// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
	"mdlife/vmtests/requirement"
)

// TestEveryCheckIsListed: testdata/checks.txt lists the checks in the order in which they
// run, so that none gets lost, and a new one is added on purpose.
func TestEveryCheckIsListed(t *testing.T) {
	golden, err := os.ReadFile("testdata/checks.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed, names := strings.Fields(string(golden)), namesOf(between(lives, onlyByName))
	for _, name := range listed {
		if !slices.Contains(names, name) {
			t.Errorf("there is no check %s, which testdata/checks.txt lists", name)
		}
	}
	for _, name := range names {
		if !slices.Contains(listed, name) {
			t.Errorf("testdata/checks.txt does not list the check %s: add it", name)
		}
	}
	if !t.Failed() && !slices.Equal(names, listed) {
		t.Errorf("the checks run in this order:\n%s", strings.Join(names, "\n"))
	}
}

func namesOf(checks []check) (names []string) {
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

func TestChecksAreNamedForRequirements(t *testing.T) {
	name := regexp.MustCompile(`^(R[0-9]+)-[A-Za-z-]+$`)
	seen := map[string]bool{}
	for _, c := range between(lives, onlyByName) {
		m := name.FindStringSubmatch(c.name)
		if m == nil || m[1] != c.requirement || seen[c.name] || c.run == nil {
			t.Errorf("check %q of %q", c.name, c.requirement)
		}
		seen[c.name] = true
	}
}

// TestEveryRequirementIsTested: by a check that runs without being asked for, or for a
// reason elsewhere, and then by a window, or by what the reason names.
func TestEveryRequirementIsTested(t *testing.T) {
	checked := map[string]bool{}
	for _, c := range between(lives, modular) {
		checked[c.requirement] = true
	}
	for _, r := range requirement.All() {
		switch {
		case !checked[r.Name] && r.NoCheck == "":
			t.Errorf("no check of %s (%s), and no reason for that in package requirement", r.Name, r.Title)
		case checked[r.Name] && r.NoCheck != "":
			t.Errorf("there is a check of %s, but package requirement has a reason for none: %s", r.Name, r.NoCheck)
		}
		delete(checked, r.Name)
	}
	for name := range checked {
		t.Errorf("package requirement does not have %s, of which there is a check", name)
	}
}

func TestChoose(t *testing.T) {
	usual := len(between(lives, damaging))
	for _, c := range []struct {
		prefixes []string
		want     string
	}{
		{[]string{"R1"}, "R1-gone-after-last-close R1-gone-when-close-returns"}, // and not R10, R11 …
		{[]string{"R8-res", "R4"}, "R4-one-add-uevent R4-configured-is-announced R4-made-again-is-silent R8-restart-at-once"},
	} {
		chosen, err := choose(c.prefixes)
		if got := strings.Join(namesOf(chosen), " "); got != c.want || err != nil {
			t.Errorf("%q chose %q instead of %q (%v)", c.prefixes, got, c.want, err)
		}
	}
	for prefix, want := range map[string]int{event.AllChecks: usual, event.LongRestarts: 1, "R8-restart-t": -1} {
		if chosen, err := choose([]string{prefix}); want < 0 != (err != nil) || want > 0 && len(chosen) != want {
			t.Errorf("%q chose %d (%v)", prefix, len(chosen), err)
		}
	}
	if chosen, err := choose(nil); len(chosen) != usual || err != nil {
		t.Error("no prefix does not choose all")
	}
	if err := Run(context.Background(), nil, []string{"R4", "R0"}, DefaultLimit, func(event.Check) {}); err == nil || !strings.Contains(err.Error(), "R0") {
		t.Errorf("an unknown check: %v", err)
	}
}

// TestNeedsModule: only R17 wants md as modules.
func TestNeedsModule(t *testing.T) {
	for prefix, want := range map[string]bool{"R17": true, "R17-unload": true, "R1": false, event.AllChecks: false, "R0": false, event.LongRestarts: false} {
		if got := NeedsModule(prefix); got != want {
			t.Errorf("%s: %v", prefix, got)
		}
	}
}

func TestRunOne(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(*env) (string, error)
		ok   bool
		want string
	}{
		{"good", func(*env) (string, error) { return "seen", nil }, true, "seen"},
		{"bad", func(*env) (string, error) { return "", errors.New("seen instead") }, false, "seen instead"},
		{"panic", func(*env) (string, error) { panic("index") }, false, "panic: index"},
	} {
		res, ok := runOn(check{c.name, "R1", c.run}, nil, noCleanUp, time.Minute)
		if !ok || res.OK != c.ok || !strings.Contains(res.Detail, c.want) || strings.Contains(res.Detail, "\n") {
			t.Errorf("%s: %+v, %v", c.name, res, ok)
		}
	}
}

func noCleanUp() error { return nil }

func TestRunOneFindsAHang(t *testing.T) {
	wait := make(chan struct{})
	defer close(wait)
	hang := check{"hang", "R20", func(*env) (string, error) { <-wait; return "", nil }}
	res, ok := runOn(hang, nil, noCleanUp, 20*time.Millisecond)
	if ok || res.OK || !strings.Contains(res.Detail, "hangs for 20ms") {
		t.Errorf("%+v, %v", res, ok)
	}
}

func TestWant(t *testing.T) {
	if err := want("an open", fmt.Errorf("open: %w", unix.ENXIO), unix.ENXIO); err != nil {
		t.Error(err)
	}
	err := want("an open", nil, unix.ENXIO)
	if err == nil || err.Error() != "an open: ok instead of ENXIO" {
		t.Errorf("%v", err)
	}
}

func TestWithin(t *testing.T) {
	if err := within(time.Minute, "it", func() error { return unix.EIO }); !errors.Is(err, unix.EIO) {
		t.Errorf("%v", err)
	}
	wait := make(chan struct{})
	defer close(wait)
	err := within(10*time.Millisecond, "it", func() error { <-wait; return nil })
	if err == nil || !strings.Contains(err.Error(), "it does not return within 10ms") {
		t.Errorf("%v", err)
	}
}

func TestBlock(t *testing.T) {
	for range 100 {
		b := block(3)
		if uintptr(unsafe.Pointer(&b[0]))%blockSize != 0 || len(b) != blockSize {
			t.Fatal("not fit for O_DIRECT")
		}
		if b[0] != 3 || b[1] != 4 || b[255] != 2 {
			t.Fatalf("pattern % x", b[:4])
		}
	}
}
