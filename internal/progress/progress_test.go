// SPDX-License-Identifier: BSD-3-Clause

package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake returns a tracker on a buffer with a clock that the test moves.
func fake(t *testing.T) (*Tracker, *bytes.Buffer, *time.Time) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	tr := New(t.Context(), &out)
	clock := time.Unix(1000, 0)
	tr.now = func() time.Time { return clock }
	return tr, &out, &clock
}

func TestNilTrackerDoesNothing(t *testing.T) {
	var tr *Tracker
	p := tr.Start("fetch")
	p.Step(1, 2)
	p.End(errors.New("x"))
	tr.Printf("hello")
	if tr.Summary() != nil {
		t.Error("a nil tracker has a summary")
	}
}

func TestPlainLinesAndSummary(t *testing.T) {
	tr, out, clock := fake(t)
	p := tr.Start("unpack")
	p.Step(3, 10)
	*clock = clock.Add(16 * time.Second)
	tr.draw(*clock)
	*clock = clock.Add(4 * time.Second)
	p.End(nil)
	p.End(errors.New("a second End must not count"))
	tr.Start("build").End(errors.New("boom"))
	want := "  ... unpack 3/10 16.0s\n   20.0s  unpack\n   0.00s  build  FAILED\n"
	if out.String() != want {
		t.Errorf("got %q\nwant %q", out, want)
	}
	sum := tr.Summary()
	if len(sum) != 2 || sum[0] != (Timing{"unpack", 20 * time.Second, false}) || !sum[1].Failed {
		t.Errorf("summary %+v", sum)
	}
}

// TestCancelled has a phase that ends because another fails, and one that the user ends.
func TestCancelled(t *testing.T) {
	tr, out, _ := fake(t)
	user, interrupt := context.WithCancel(t.Context())
	tr.user = user
	tr.Start("build").End(fmt.Errorf("make: %w", context.Canceled))
	interrupt()
	tr.Start("boot").End(context.Canceled)
	tr.Start("compile").End(errors.New("signal: killed"))
	if want := "   0.00s  build  abandoned\n   0.00s  boot  interrupted\n   0.00s  compile  interrupted\n"; out.String() != want {
		t.Errorf("got %q\nwant %q", out, want)
	}
}

func TestExpectedIsRememberedButNotFromFailures(t *testing.T) {
	tr, _, clock := fake(t)
	p, q := tr.Start("build"), tr.Start("boot")
	*clock = clock.Add(40 * time.Second)
	p.End(nil)
	q.End(errors.New("hung"))

	var out bytes.Buffer
	next := New(t.Context(), &out)
	next.now = tr.now
	p, q = next.Start("build"), next.Start("boot")
	if got := p.state(clock.Add(31 * time.Second)); got != "build 31.0s of ~40.0s" {
		t.Errorf("state %q", got)
	}
	if got := q.state(*clock); got != "boot 0.00s" {
		t.Errorf("state %q: a failed phase was remembered", got)
	}
	p.End(nil)
	q.End(nil)
}

func TestBrokenHistoryIsIgnored(t *testing.T) {
	tr, _, _ := fake(t)
	path := tr.history.path
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "null", "{\"build\":", "[1]"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p := New(t.Context(), &bytes.Buffer{}).Start("build")
		p.End(nil)
	}
}

func TestTerminalLineIsErasedBeforeALastingOne(t *testing.T) {
	tr, out, clock := fake(t)
	tr.tty = true
	p := tr.Start(strings.Repeat("long", 40))
	if line := strings.TrimPrefix(out.String(), clearLine); len([]rune(line)) != maxLine {
		t.Errorf("line of %d columns wraps: %q", len([]rune(line)), line)
	}
	out.Reset()
	*clock = clock.Add(time.Second)
	p.End(nil)
	if !strings.HasPrefix(out.String(), clearLine+"   1.00s") || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("%q", out)
	}
}

func TestConcurrentUse(t *testing.T) {
	tr, _, _ := fake(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := tr.Start(fmt.Sprintf("phase %d", i))
			p.Step(i, 20)
			tr.Printf("note %d", i)
			p.End(nil)
		}()
	}
	wg.Wait()
	if n := len(tr.Summary()); n != 20 {
		t.Errorf("%d phases ended, want 20", n)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		340 * time.Millisecond: "0.34s", 12340 * time.Millisecond: "12.3s", 245 * time.Second: "4m05s",
		time.Hour: "60m00s",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}
