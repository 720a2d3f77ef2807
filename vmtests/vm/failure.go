// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"fmt"
	"strings"

	"mdlife/vmtests/triage"
)

// Failure is the reason why a guest did not succeed. The first line of its text is the
// reason; what the console showed follows.
type Failure struct {
	Guest    string           // Config.Name
	Reason   string           // "WARNING in md_open", "silent for 30s", …
	Findings []triage.Finding // on the console, not allowed
	Tail     []string         // the console's last lines before anything was asked of it
	Blocked  []string         // every blocked task's stack, for a guest that hung
	QEMU     string           // what QEMU itself said
	Log      string           // path of the whole console, "" if not kept
}

// Error is a text of several lines.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Guest, f.Reason)
	for _, x := range f.Findings {
		fmt.Fprintf(&b, "\n  %s: %s (console line %d)", x.Kind, x.Title, x.Line)
		for _, frame := range x.Frames {
			fmt.Fprintf(&b, "\n    %s", frame)
		}
	}
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n%s:\n  %s", title, strings.Join(lines, "\n  "))
		}
	}
	if len(f.Findings) == 0 {
		section("last console lines", f.Tail)
	}
	section("blocked tasks (sysrq-w) and CPUs (sysrq-l)", f.Blocked)
	if f.QEMU != "" {
		section("QEMU said", strings.Split(strings.TrimSpace(f.QEMU), "\n"))
	}
	if f.Log != "" {
		fmt.Fprintf(&b, "\nwhole console: %s", f.Log)
	}
	return b.String()
}

// firstLine returns the first line of a text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
