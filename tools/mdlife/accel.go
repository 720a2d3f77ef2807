// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"io"

	"mdlife/internal/cachedir"
	"mdlife/vmtests/vm"
)

// reportAccel tells what will execute the guests' instructions. No KVM is a
// note, not something missing.
func reportAccel(ctx context.Context, w io.Writer) {
	if _, err := cachedir.Dir(); err != nil {
		return // the row of the cache says so: there is no place for the answer
	}
	p, err := vm.ProbeAccel(ctx)
	if err != nil {
		fmt.Fprintf(w, "missing  %-24s %v\n", "accelerator", err)
		return
	}
	fmt.Fprintln(w, accelRow(p))
}

// accelRow is the row of an answer.
func accelRow(p vm.Probe) string {
	status := "ok"
	if p.Note != "" {
		status = "note"
	}
	row := fmt.Sprintf("%-8s %-24s %s", status, "accelerator", p.Accel)
	switch {
	case p.Note != "":
		row += " " + p.Note
	case p.Accel == vm.KVM && !p.Booted:
		row += "; only a boot sector was tried, a kernel will be at the first run"
	}
	return row
}
