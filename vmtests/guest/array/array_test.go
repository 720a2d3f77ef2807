// SPDX-License-Identifier: BSD-3-Clause

package array_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/array"
	"mdlife/vmtests/guest/array/arraytest"
)

// TestSteps: the first step that fails is the last, and the name of the step under way is kept.
func TestSteps(t *testing.T) {
	a := array.Describe(t.Context(), array.PersonalityNamed("raid1"), 50, nil)
	broken := errors.New("broken")
	var made []string
	step := func(name string, err error) func() error {
		return func() error {
			made = append(made, name)
			return err
		}
	}
	err := array.Steps(
		a.Step("first", step("a", nil), step("b", nil)),
		array.Prefixed("degraded", a.Step("second", step("c", broken), step("d", nil))),
		a.Step("third", step("e", nil)),
	)
	if !errors.Is(err, broken) || err.Error() != "degraded: broken" || a.Doing() != "second" || !slices.Equal(made, []string{"a", "b", "c"}) {
		t.Errorf("%v in %s after %v", err, a.Doing(), made)
	}
}

// TestRetryBusy: only EBUSY, of a call or in a program's output, is tried again, and not for ever.
func TestRetryBusy(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		retry bool
	}{
		{"errno", fmt.Errorf("open: %w", unix.EBUSY), true},
		{"mdadm", errors.New("mdadm: cannot open /dev/ram1: Device or resource busy"), true},
		{"other", unix.ENODEV, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			start := time.Now()
			err := array.RetryBusy(func() error {
				calls++
				return c.err
			})
			if !errors.Is(err, c.err) || (calls > 1) != c.retry || c.retry && time.Since(start) != array.GoneLimit {
				t.Errorf("%s: %v after %d calls and %v", c.name, err, calls, time.Since(start))
			}
		})
	}
}

// TestCreateArgs: what mdadm is told depends on the personality and the recipe.
func TestCreateArgs(t *testing.T) {
	for _, c := range []struct {
		personality string
		recipe      array.Recipe
		want        string
	}{
		{"linear", array.Recipe{}, "--metadata=1.2 --level=linear --raid-devices=3 ram0 ram1 ram2"},
		{"faulty", array.Recipe{}, "--metadata=1.0 --level=faulty --raid-devices=1 ram0"},
		{"raid10-far", array.Recipe{Bitmap: true}, "--metadata=1.2 --level=raid10 --raid-devices=4 --layout=f2 --chunk=16 --size=4096 --bitmap=internal ram0 ram1 ram2 ram3"},
		{"raid5", array.Recipe{Metadata: "0.90", Clean: true, ReadOnly: true, Missing: true},
			"--metadata=0.90 --level=raid5 --raid-devices=3 --chunk=16 --size=4096 --bitmap=none --assume-clean --readonly ram0 ram1 missing"},
		{"raid4", array.Recipe{More: []string{array.JournalArg}},
			"--metadata=1.2 --level=raid4 --raid-devices=3 --chunk=16 --size=4096 --bitmap=none --write-journal=ram4 ram0 ram1 ram2"},
	} {
		a, m := arraytest.Array(t, array.PersonalityNamed(c.personality))
		if err := a.Create(c.recipe)(); err != nil {
			t.Errorf("%s: %v", c.personality, err)
		}
		want := "--create md50 --run --force --config=mdadm-md50.conf --auto=md " + c.want
		if got := strings.ReplaceAll(m.Calls[0], m.Node("")+"/", ""); got != want {
			t.Errorf("%s: %q instead of %q", c.personality, got, want)
		}
	}
}

// TestAssembleByForce: force is a second try.
func TestAssembleByForce(t *testing.T) {
	for _, c := range []struct {
		fails  string
		forced bool
		ok     bool
	}{{"nothing", false, true}, {"ram0", true, true}, {"--assemble", true, false}} {
		a, m := arraytest.Array(t, array.PersonalityNamed("raid5"))
		if err := a.Create(array.Recipe{})(); err != nil {
			t.Fatal(err)
		}
		m.Fail = func(call string) error {
			if strings.Contains(call, c.fails) && (c.fails == "--assemble" || !strings.Contains(call, "--force")) {
				return errors.New("mdadm: no")
			}
			return nil
		}
		forced, err := a.AssembleByForce(a.First())
		if forced != c.forced || (err == nil) != c.ok {
			t.Errorf("%s fails: forced: %t, %v", c.fails, forced, err)
		}
	}
}

// comingBack is a machine on which a device comes back after each stop.
type comingBack struct {
	*arraytest.Machine
	state   string
	removed int
}

func (c *comingBack) WaitGone(string, time.Duration) bool { return false }

func (c *comingBack) Attr(device, attr string) (string, error) {
	if attr == "md/array_state" {
		return c.state, nil
	}
	return c.Machine.Attr(device, attr)
}

func (c *comingBack) Remove(string, time.Duration) error {
	c.removed++
	return nil
}

// TestStopSeesDevicesComeBack: an empty device may be there after a stop now and then, and is
// removed; one that is there often has come back, and one that runs was not stopped.
func TestStopSeesDevicesComeBack(t *testing.T) {
	a, m := arraytest.Array(t, array.PersonalityNamed("raid1"))
	back := &comingBack{Machine: m, state: md.StateClear}
	a.SetHost(back)
	if err := a.Stop(array.BySysfs)(); err != nil || back.removed != 1 {
		t.Errorf("the first time: %v, removed %d times", err, back.removed)
	}
	if err := a.Stop(array.BySysfs)(); err == nil || !strings.Contains(err.Error(), "md50 has come back to stay after 2 of 2 stops") {
		t.Errorf("the second time: %v", err)
	}
	back.state = "active"
	if err := a.Stop(array.ByMdadm)(); err == nil || !strings.Contains(err.Error(), "stopped by mdadm, but md50 is active") {
		t.Errorf("an active array: %v", err)
	}
}

// TestStopWay: the ways take turns.
func TestStopWay(t *testing.T) {
	want := []string{array.ByMdadm, array.ByIoctl, array.BySysfs, array.ByMdadm}
	for i, w := range want {
		if got := array.StopWay(i); got != w {
			t.Errorf("%d: %s, want %s", i, got, w)
		}
	}
}
