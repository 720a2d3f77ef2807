// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mdlife/internal/progress"
	"mdlife/kernel"
	"mdlife/vmtests/event"
	"mdlife/vmtests/triage"
)

func TestPlansHoldTheSameInOppositeOrder(t *testing.T) {
	u, p := Options{Base: kernel.Bases()[0], Seed: 7}.plans()
	if u.Reverse || !p.Reverse {
		t.Error("both guests have the same order")
	}
	if p.Races[0].MinOpens == 0 || p.Races[0].MinCycles == 0 {
		t.Error("the patched kernel's first race ends before it has seen enough")
	}
	p.Reverse = false
	for i := range p.Races {
		if p.Races[i].MinCycles == 0 {
			t.Errorf("the patched kernel's race %s may end before it has seen anything", p.Races[i].Name)
		}
		p.Races[i].MinOpens, p.Races[i].MinCycles = 0, 0
	}
	if !reflect.DeepEqual(u, p) {
		t.Errorf("plans differ:\n%+v\n%+v", u, p)
	}
	if !u.Checks || u.Mdadm.Cycles != 40 || u.Mdadm.SettleMillis != 300 || u.Seed != 7 {
		t.Errorf("%+v", u)
	}
}

func TestRacesShareTheRacingTime(t *testing.T) {
	for _, o := range []struct {
		opts Options
		want time.Duration
	}{{Options{}, 10 * time.Second}, {Options{Quick: true}, 3 * time.Second}, {Options{Quick: true, Race: time.Minute}, time.Minute}} {
		plan, _ := o.opts.plans()
		sum := 0
		stops, raid, names := map[string]bool{}, false, map[string]bool{}
		for _, r := range plan.Races {
			sum += r.Millis
			stops[r.Stop], names[r.Name] = true, true
			raid = raid || r.Members > 0
			if r.Openers < 2 || r.Millis == 0 {
				t.Errorf("%+v", r)
			}
		}
		if got := time.Duration(sum) * time.Millisecond; got != o.want || len(stops) != 3 || !raid || len(names) != len(plan.Races) {
			t.Errorf("%v of racing, want %v; stops %v, names %v", got, o.want, stops, names)
		}
	}
}

func TestPlansFitTheKernelCommandLine(t *testing.T) {
	plan, _ := Options{Seed: 1 << 63}.plans()
	arg, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const commandLineSize = 2048 // COMMAND_LINE_SIZE of arch/x86
	if len(arg) > commandLineSize-400 {
		t.Errorf("the plan takes %d of %d bytes", len(arg), commandLineSize)
	}
}

func TestTimeoutCoversThePlan(t *testing.T) {
	plan, _ := Options{Race: time.Minute}.plans()
	if d := timeout(plan, 1); d < 2*time.Minute+40*time.Second {
		t.Errorf("%v", d)
	}
	if timeout(plan, 8) != 8*timeout(plan, 1) {
		t.Error("a slow kernel gets no more time")
	}
}

func TestOnlyTheBaseWithTheWarningAllowsIt(t *testing.T) {
	warns := func(base string) bool {
		return slices.ContainsFunc(allowed(base, false), func(a triage.Allow) bool { return a.Text == "legacy_async_del_gendisk" })
	}
	if warns("6.1") || !warns("mainline") {
		t.Errorf("6.1 %v, mainline %v", allowed("6.1", false), allowed("mainline", false))
	}
	for _, a := range append(slices.Clone(expected), expectedUnpatched...) {
		if a.Base == "" || a.Text == "" || a.Reason == "" {
			t.Errorf("%+v", a)
		}
	}
}

func TestFindRoot(t *testing.T) {
	root, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "vmtests", "plan.go")); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if _, err := FindRoot(); err == nil {
		t.Error("found outside of the repository")
	}
}

func TestCheckTree(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"Makefile", "Kconfig", "drivers/md/md.c", "block/bdev.c"} {
		if err := CheckTree(dir); err == nil || !strings.Contains(err.Error(), "has no "+f) {
			t.Errorf("without %s: %v", f, err)
		}
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckTree(dir); err != nil {
		t.Error(err)
	}
}

func TestPhasesFollowTheGuest(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	tr := progress.New(t.Context(), &bytes.Buffer{})
	s := &phaseShow{tracker: tr, guest: "patched"}
	s.next("boot")
	for _, e := range []event.Event{
		{BootInfo: &event.BootInfo{}}, {Heartbeat: &event.Heartbeat{Phase: "race ioctl"}}, {Heartbeat: &event.Heartbeat{Phase: "race ioctl", Done: 9}}, {Done: &event.Done{}},
	} {
		s.event(e)
	}
	s.end(nil)
	var names []string
	for _, x := range tr.Summary() {
		names = append(names, x.Name)
	}
	want := "patched: boot, patched: start, patched: race ioctl, patched: power off"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestDefaultOutput(t *testing.T) {
	o := Options{Root: "/r", Base: kernel.Bases()[0]}
	if o.ComparisonResults() != "/r/out/6.1" {
		t.Error(o.ComparisonResults())
	}
}

// TestAllowedByKernel: what the series fixes is expected of the unpatched
// kernel only.
func TestAllowedByKernel(t *testing.T) {
	if n := len(allowed("6.1", true)); n != 5 {
		t.Errorf("%d entries for the unpatched 6.1 instead of 5", n)
	}
	if got := allowed("6.1", false); !slices.Equal(got, duplicateSlabs("6.1")) {
		t.Errorf("the patched 6.1 may print %v", got)
	}
	for _, a := range expectedUnpatched {
		if slices.Contains(allowed(a.Base, false), a) {
			t.Errorf("the patched %s may print %v", a.Base, a)
		}
	}
}

// TestQuickLeavesChecksOut: and a whole run does not.
func TestQuickLeavesChecksOut(t *testing.T) {
	for _, quick := range []bool{false, true} {
		u, p := Options{Quick: quick}.plans()
		if u.Checks == quick || p.Checks == quick {
			t.Errorf("quick %v: checks %v and %v", quick, u.Checks, p.Checks)
		}
	}
}
