// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"io"

	"mdlife/vmtests/vm"
)

// reportAccel tells what will execute the guests' instructions. No KVM is a
// note, not something missing.
func reportAccel(ctx context.Context, w io.Writer) {
	p, err := vm.ProbeAccel(ctx, "", "")
	if err != nil {
		fmt.Fprintf(w, "missing  %-24s %v\n", "accelerator", err)
		return
	}
	status := "ok"
	if p.Note != "" {
		status = "note"
	}
	fmt.Fprintf(w, "%-8s %-24s %s %s\n", status, "accelerator", p.Accel, p.Note)
}
