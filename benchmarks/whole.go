// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mdlife/kernel"
	"mdlife/vmtests"
	"mdlife/vmtests/verdict"
)

// Whole is how long one complete comparison took.
type Whole struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"s"`
	Limit   float64 `json:"limit_s"` // what the project promises
	Exit    int     `json:"exit"`    // of mdlife vmtest: 0 for PASS

	// ByHand is how long this machine took to make the kernel after the same edit,
	// by hand, just before and just after; Usual what the machine takes for that
	// which the promise was made for. 0: not measured.
	ByHand float64 `json:"by_hand_s,omitempty"`
	Usual  float64 `json:"usual_s,omitempty"`
}

// Scaled is about the time that the run would take on the usual machine, in seconds:
// a hint, for not all of it goes as make does.
func (w Whole) Scaled() float64 {
	if w.ByHand == 0 {
		return w.Seconds
	}
	return w.Seconds * w.Usual / w.ByHand
}

// Met tells whether the run passed, and within its limit by the clock.
func (w Whole) Met() bool { return w.Exit == 0 && w.Seconds <= w.Limit }

// What the project promises for whole comparisons on two cores where make takes
// usualEdit to bring the kernel up to date after an edit of md.c.
const (
	coldLimit  = 12 * time.Minute
	buildLimit = 7 * time.Minute // of which both kernels' building
	warmLimit  = 60 * time.Second
	quickLimit = 25 * time.Second
	usualEdit  = 10 * time.Second
)

// killDelay is how long an interrupted run may take to end its guests.
const killDelay = 20 * time.Second

// Cold times a comparison with an empty cache, and the building of both kernels in
// it, and then make by hand. log gets the run's output.
func Cold(ctx context.Context, o vmtests.Options, log io.Writer) ([]Whole, error) {
	cache, err := os.MkdirTemp("", "mdlife-cold-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	r := runner{o: o, log: log, env: []string{"XDG_CACHE_HOME=" + cache}}
	whole, err := r.vmtest(ctx, "cold, empty cache", coldLimit)
	if err != nil {
		return nil, err
	}
	building := Whole{Name: "building both kernels", Limit: buildLimit.Seconds(), Exit: whole.Exit}
	if building.Seconds, err = built(filepath.Join(o.Root, "out", o.Base.Name, verdict.JSONFile)); err != nil {
		return nil, err
	}
	hand, err := newByHand(ctx, o, filepath.Join(cache, "mdlife"), cache)
	if err != nil {
		return nil, err
	}
	edit, err := hand.edit(ctx)
	if err != nil {
		return nil, err
	}
	whole.ByHand, whole.Usual = edit.Seconds(), usualEdit.Seconds()
	building.ByHand, building.Usual = whole.ByHand, whole.Usual
	return []Whole{whole, building}, nil
}

// built adds up the building that a verdict's file tells of, in seconds.
func built(path string) (sum float64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var v struct {
		Timings []verdict.Timing `json:"timings"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	for _, t := range v.Timings {
		if strings.HasPrefix(t.Name, "build ") {
			sum += t.Seconds
		}
	}
	return sum, nil
}

// Warm times comparisons after an edit of one line in md.c of a developer's
// tree, which is the base's source with the series applied: one with the usual
// races, then one with -quick. The first build of the tree is not timed. Before and
// after each, make is timed by hand, for machines differ, and so does one machine
// from one minute to the next.
func Warm(ctx context.Context, o vmtests.Options, log io.Writer) ([]Whole, error) {
	dir, err := os.MkdirTemp("", "mdlife-warm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tree, err := developersTree(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	o.Tree = tree
	r := runner{o: o, log: log}
	if err := editMD(tree); err != nil { // or an earlier benchmark's kernel would do
		return nil, err
	}
	if err := warmUp(ctx, o); err != nil {
		return nil, err
	}
	cache, err := kernel.CacheDir()
	if err != nil {
		return nil, err
	}
	hand, err := newByHand(ctx, o, cache, dir)
	if err != nil {
		return nil, err
	}
	var out []Whole
	for _, c := range []struct {
		name  string
		limit time.Duration
		args  []string
	}{
		{"warm, one line of md.c edited", warmLimit, nil},
		{"the same with -quick", quickLimit, []string{"-quick"}},
	} {
		before, err := hand.edit(ctx)
		if err != nil {
			return nil, err
		}
		if err := editMD(tree); err != nil {
			return nil, err
		}
		w, err := r.vmtest(ctx, c.name, c.limit, append(c.args, "-tree", tree)...)
		if err != nil {
			return nil, err
		}
		after, err := hand.edit(ctx)
		if err != nil {
			return nil, err
		}
		w.ByHand, w.Usual = (before+after).Seconds()/2, usualEdit.Seconds()
		out = append(out, w)
	}
	return out, nil
}

// runner starts mdlife as a process of its own, as a user would.
type runner struct {
	o   vmtests.Options
	log io.Writer
	env []string // added to the environment
}

// vmtest times one `mdlife vmtest`. Whatever its verdict, it is no error.
func (r runner) vmtest(ctx context.Context, name string, limit time.Duration, args ...string) (Whole, error) {
	self, err := os.Executable()
	if err != nil {
		return Whole{}, err
	}
	args = append([]string{"vmtest", "-base", r.o.Base.Name, "-accel", string(r.o.Accel)}, args...)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.o.Root, r.log, r.log
	cmd.Env = append(os.Environ(), r.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killDelay
	started := time.Now()
	err = cmd.Run()
	w := Whole{Name: name, Seconds: time.Since(started).Seconds(), Limit: limit.Seconds()}
	if ctx.Err() != nil {
		return w, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		w.Exit, err = exit.ExitCode(), nil
	}
	if err != nil {
		return w, fmt.Errorf("%s: %w", name, err)
	}
	return w, nil
}
