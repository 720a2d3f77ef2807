// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/kernel"
)

// Bench measures in several runs, each with libraries and an order of its own, and prints
// each run's tables to w. It checks the code first: the speed of wrong code says nothing.
func Bench(ctx context.Context, c Config, runs int, w io.Writer) ([]*Report, error) {
	checked, err := CheckNative(ctx, kernel.Request{Base: c.Base, CacheDir: c.CacheDir, Progress: c.Progress, PatchDir: c.PatchDir}, c.Root)
	if err != nil {
		return nil, err
	}
	if err := firstWrong(checked); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mdlife-raid6-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var reports []*Report
	for i := range runs {
		c.WorkDir, c.Seed = filepath.Join(dir, fmt.Sprint(i)), uint64(time.Now().UnixNano())
		if err := os.MkdirAll(c.WorkDir, 0o755); err != nil {
			return nil, err
		}
		r, err := Run(ctx, c)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "\nRun %d of %d\n", i+1, runs)
		r.Print(w)
		reports = append(reports, r)
	}
	return reports, nil
}

// firstWrong returns an error for the first program that ran and found the code wrong.
func firstWrong(checked []CheckResult) error {
	for _, c := range checked {
		if c.Missing == "" && !c.OK {
			return fmt.Errorf("the code is wrong, so its speed was not measured: %s: %s\n%s", c.Name, c.Summary, c.Output)
		}
	}
	return nil
}

// WriteFiles writes the runs to path with ".txt", for benchstat, and ".html", for people.
func WriteFiles(path string, runs []*Report) error {
	err := atomicfile.Write(path+".txt", func(w io.Writer) error { return WriteGo(w, runs) })
	if err != nil {
		return err
	}
	return atomicfile.Write(path+".html", func(w io.Writer) error { return WriteHTML(w, runs) })
}

// CheckQuiet fails where a run is void. A target that is missed is in the tables, and no
// error: it depends on the machine.
func CheckQuiet(runs []*Report) error {
	var where []string
	void := false
	for _, r := range runs {
		cells := r.Void()
		void = void || len(cells) > 0
		where = append(where, fmt.Sprint(cells))
	}
	if !void {
		return nil
	}
	return fmt.Errorf("a run is void: the reference differs from itself in %s; run it again on a quieter machine", strings.Join(where, ", "))
}
