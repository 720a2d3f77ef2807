// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"
	"mdlife/kernel"
)

// CheckResult is one run of a checking program.
type CheckResult struct {
	Name    string
	OK      bool
	Missing string // why it could not run, and how to get what it takes
	Summary string
	Output  string
}

// Check checks the patched code of a base natively and under qemu-user.
func Check(ctx context.Context, req kernel.Request, root string) ([]CheckResult, error) {
	return check(ctx, req, root, allArchs())
}

// CheckNative checks it on this machine only.
func CheckNative(ctx context.Context, req kernel.Request, root string) ([]CheckResult, error) {
	return check(ctx, req, root, nil)
}

// CheckShort checks it on this machine only, with every seventh number of disks, and
// recovery on top of the first algorithm that runs here only.
func CheckShort(ctx context.Context, req kernel.Request, root string) ([]CheckResult, error) {
	return check(ctx, req, root, nil, "-short")
}

// flips are the bits that the controls spoil: of the matrices of {02} and {04},
// which gen_syndrome uses, and of one that only recovery uses.
var flips = []string{"2:0", "2:63", "4:17", "4:40", "0xf4:5"}

func check(ctx context.Context, req kernel.Request, root string, others []arch, args ...string) (results []CheckResult, err error) {
	dir, err := os.MkdirTemp("", "mdlife-raid6-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	phase := req.Progress.Start("check lib/raid6")
	defer func() { phase.End(err) }()
	code, err := CopyCode(ctx, req, root, req.PatchDir, 0, filepath.Join(dir, "src"))
	if err != nil {
		return nil, err
	}
	program, err := code.checker(ctx, native, filepath.Join(dir, "native"))
	if err != nil {
		return nil, err
	}
	results = []CheckResult{runCheck(ctx, "native", nil, program, args...)}
	for _, flip := range flips {
		results = append(results, runControl(ctx, program, flip))
	}
	if len(others) > 0 {
		kunit, err := code.kunit(ctx, filepath.Join(dir, "kunit"))
		if err != nil {
			return nil, err
		}
		if kunit != "" {
			results = append(results, runCheck(ctx, "mainline's KUnit file, native", nil, kunit))
		}
	}
	for _, a := range others {
		results = append(results, checkArch(ctx, code, a, filepath.Join(dir, a.name), program))
	}
	return results, ctx.Err()
}

// runCheck runs the program, under an emulator if there is one.
func runCheck(ctx context.Context, name string, emulator []string, program string, args ...string) CheckResult {
	line := append(append(append([]string{}, emulator...), program), args...)
	out, err := proc.Combined(ctx, proc.Command(line[0], line[1:]...))
	r := CheckResult{Name: name, OK: err == nil, Output: string(out)}
	var parts []string
	for _, word := range []string{"ok", "none", "FAIL", "not ok"} {
		if n := bytes.Count(append([]byte("\n"), out...), []byte("\n"+word+" ")); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	r.Summary = strings.Join(parts, ", ")
	if err != nil && r.Summary == "" {
		r.Summary = err.Error()
	}
	r.OK = r.OK && bytes.Contains(out, []byte("ok "))
	return r
}

// runSelect has the code choose an algorithm, as at boot.
func runSelect(ctx context.Context, emulator []string, program string) CheckResult {
	line := append(append([]string{}, emulator...), program, "-select")
	out, err := proc.Combined(ctx, proc.Command(line[0], line[1:]...))
	r := CheckResult{OK: err == nil, Output: string(out)}
	const said = "raid6: using algorithm "
	_, name, ok := strings.Cut(r.Output, said)
	name, _, _ = strings.Cut(name, "\n")
	switch {
	case err != nil:
		r.Summary = "selection: " + err.Error()
	case !ok:
		r.OK, r.Summary = false, "selection: none"
	default:
		r.Summary = "selects " + name
	}
	return r
}

// runControl expects the check to fail, and by its own verdict.
func runControl(ctx context.Context, program, flip string) CheckResult {
	name := "control, a flipped bit at " + flip
	r := runCheck(ctx, name, nil, program, "-short", "-flip", flip)
	wrong := strings.Count(r.Output, "FAIL ")
	return CheckResult{Name: name, OK: !r.OK && wrong > 1, Output: r.Output,
		Summary: fmt.Sprintf("%d are found wrong, as they must be", wrong)}
}
