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
	"time"

	"github.com/montanaflynn/stats"

	"mdlife/internal/cachedir"
	"mdlife/internal/proc"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// Whole is how long complete comparisons took.
type Whole struct {
	Name    string    `json:"name"`
	Runs    []float64 `json:"runs_s"`  // each of them
	Seconds float64   `json:"s"`       // their median
	Limit   float64   `json:"limit_s"` // what the project promises
	Exit    int       `json:"exit"`    // the worst of mdlife vmtest's: 0 for PASS

	// ByHand is how long this machine took to make the kernel after the same edit,
	// by hand, just before each run, by median; Usual what the machine takes for that
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

// Met reports whether the run passed, and within its limit by the clock.
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
	if building.Seconds, err = built(filepath.Join(o.Root, "out", o.Base.Name, report.JSONFile)); err != nil {
		return nil, err
	}
	building.Runs = []float64{building.Seconds}
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

// warmTurns is how often Warm takes each time: machines differ, and so does one
// machine from one minute to the next.
const warmTurns = 3

// Warm times comparisons after an edit of one line in md.c of a developer's
// tree, which is the base's source with the series applied: with the usual races
// and with -quick, in turn, and before each make by hand. The first build of the
// tree is not timed.
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
	if err := editMD(tree); err != nil { // or an earlier benchmark's kernel would do
		return nil, err
	}
	if err := warmUp(ctx, o); err != nil {
		return nil, err
	}
	cache, err := cachedir.Dir()
	if err != nil {
		return nil, err
	}
	hand, err := newByHand(ctx, o, cache, dir)
	if err != nil {
		return nil, err
	}
	r := runner{o: o, log: log}
	var full, quick []Whole
	for range warmTurns {
		w, err := r.edited(ctx, tree, hand, "warm, one line of md.c edited", warmLimit)
		if err != nil {
			return nil, err
		}
		full = append(full, w)
		if w, err = r.edited(ctx, tree, hand, "the same with -quick", quickLimit, "-quick"); err != nil {
			return nil, err
		}
		quick = append(quick, w)
	}
	return []Whole{median(full), median(quick)}, nil
}

// edited times make by hand and then one comparison, both after an edit.
func (r runner) edited(ctx context.Context, tree string, hand byHand, name string, limit time.Duration, args ...string) (Whole, error) {
	made, err := hand.edit(ctx)
	if err != nil {
		return Whole{}, err
	}
	if err := editMD(tree); err != nil {
		return Whole{}, err
	}
	w, err := r.vmtest(ctx, name, limit, append(args, "-tree", tree)...)
	w.ByHand, w.Usual = made.Seconds(), usualEdit.Seconds()
	return w, err
}

// median makes one of several runs, at least one.
func median(runs []Whole) Whole {
	all := runs[0]
	all.Runs = nil
	var byHand []float64
	for _, w := range runs {
		all.Runs = append(all.Runs, w.Runs...)
		byHand = append(byHand, w.ByHand)
		all.Exit = max(all.Exit, w.Exit)
	}
	all.Seconds, _ = stats.Median(all.Runs) // fails for none
	all.ByHand, _ = stats.Median(byHand)
	return all
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
	args = append([]string{"vmtest", "-base", r.o.Base.Name, "-accel", string(r.o.Accel.Wish())}, args...)
	cmd := proc.Command(self, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.o.Root, r.log, r.log
	cmd.Env = append(cmd.Env, r.env...)
	started := time.Now()
	err = proc.Run(ctx, cmd)
	took := time.Since(started).Seconds()
	w := Whole{Name: name, Runs: []float64{took}, Seconds: took, Limit: limit.Seconds()}
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
