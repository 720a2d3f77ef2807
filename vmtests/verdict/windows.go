// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// windows: each forced window holds on the patched kernel, and the unpatched one
// fails in it as it is known to, or the force would prove nothing.
func windows(rep *Report) []Result {
	var rs []Result
	for _, name := range windowNames(rep.Patched, rep.Unpatched) {
		u, p := findWindow(rep.Unpatched.Windows, name), findWindow(rep.Patched.Windows, name)
		r := Result{Name: windowPrefix + name, OK: failsAsKnown(u) && holds(p)}
		r.Detail = fmt.Sprintf("unpatched: %s; %s: %s", windowState(u), orElse(rep.Patched.Label, "patched"), windowState(p))
		if p != nil {
			r.Seconds = p.Seconds
		}
		if u != nil && !failsAsKnown(u) {
			r.Detail = fmt.Sprintf("unpatched: %s instead of %s", windowState(u), orElse(u.Fails, "holding"))
		}
		rs = append(rs, r)
	}
	return rs
}

// windowPrefix begins the name of a window's rule.
const windowPrefix = "window-"

// windowsAlone: each forced window holds.
func windowsAlone(rep *Report) []Result {
	var rs []Result
	for i := range rep.Patched.Windows {
		w := &rep.Patched.Windows[i]
		rs = append(rs, Result{Name: windowPrefix + w.Name, OK: holds(w), Detail: windowState(w), Seconds: w.Seconds, Skipped: w.Skipped != ""})
	}
	return rs
}

// holds tells whether a window held, or says nothing on this kernel.
func holds(w *event.Window) bool { return w != nil && w.Got == "" }

// failsAsKnown tells whether a window went as it does on an unpatched kernel.
func failsAsKnown(w *event.Window) bool {
	return w != nil && (w.Skipped != "" || w.Got == w.Fails)
}

// windowNames lists the windows that any of the kernels reported, in the order of
// the first.
func windowNames(ks ...KernelPart) (names []string) {
	seen := map[string]bool{}
	for _, k := range ks {
		for _, w := range k.Windows {
			if !seen[w.Name] {
				seen[w.Name] = true
				names = append(names, w.Name)
			}
		}
	}
	return names
}

// findWindow returns the window of that name, or nil.
func findWindow(ws []event.Window, name string) *event.Window {
	for i := range ws {
		if ws[i].Name == name {
			return &ws[i]
		}
	}
	return nil
}

// windowState is a window's result in a line.
func windowState(w *event.Window) string {
	switch {
	case w == nil:
		return missing
	case w.Skipped != "":
		return "skipped: " + w.Skipped
	case w.Held:
		return fmt.Sprintf("holds (%.2f s)", w.Seconds)
	case w.Got == w.Fails && w.Got == "ok": // where it should have waited, or failed
		return fmt.Sprintf("wrongly ok (%.2f s)", w.Seconds)
	case w.Got == w.Fails:
		return fmt.Sprintf("%s (%.2f s)", w.Got, w.Seconds)
	}
	return w.Got + " (" + w.Detail + ")"
}

// windowSection has one row for each window, but for those that no kernel can show:
// they come last, one row for each reason.
func windowSection(bad func(name string) bool, ks ...KernelPart) Section {
	s := Section{Title: "windows, forced"}
	var skipped []Row
	for _, name := range windowNames(ks...) {
		row := Row{Label: name, Bad: bad(name)}
		ran := false
		for _, k := range ks {
			w := findWindow(k.Windows, name)
			ran = ran || w == nil || w.Skipped == ""
			row.Cells = append(row.Cells, windowState(w))
		}
		if ran {
			s.Rows = append(s.Rows, row)
			continue
		}
		same := slices.IndexFunc(skipped, func(r Row) bool { return slices.Equal(r.Cells, row.Cells) })
		if same < 0 {
			skipped = append(skipped, row)
			continue
		}
		skipped[same].Label += ", " + name
		skipped[same].Bad = skipped[same].Bad || row.Bad
	}
	s.Rows = append(s.Rows, skipped...)
	return s
}

// WriteWindows prints the windows of several kernels side by side and returns
// what did not go as it should on each: an unpatched kernel is to fail as it is
// known to, all others are to hold.
func WriteWindows(w io.Writer, guests []Kernel) (problems []string, err error) {
	header := []string{""}
	var ks []KernelPart
	for _, g := range guests {
		k := summarize(g)
		header, ks = append(header, g.Label), append(ks, k)
		for _, lack := range lacking(&k) {
			problems = append(problems, g.Label+": "+lack)
		}
		for i := range k.Windows {
			win := &k.Windows[i]
			if g.Label == "unpatched" && !failsAsKnown(win) || g.Label != "unpatched" && !holds(win) {
				problems = append(problems, fmt.Sprintf("%s: %s: %s", g.Label, win.Name, windowState(win)))
			}
		}
		for _, f := range unexpected(k.Findings) {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", g.Label, f.Kind, f.Title)+frames(f))
		}
	}
	if problems == nil && !slices.ContainsFunc(ks, ranWindow) {
		problems = []string{"nothing was tested: " + nothingForced(ks)}
	}
	never := func(string) bool { return false }
	_, err = fmt.Fprintln(w, render([]Section{windowSection(never, ks...)}, header...))
	return problems, err
}

// ranWindow tells whether a kernel could show any of the windows.
func ranWindow(k KernelPart) bool {
	return slices.ContainsFunc(k.Windows, func(w event.Window) bool { return w.Skipped == "" })
}

// nothingForced says why no window was forced.
func nothingForced(ks []KernelPart) string {
	var why []string
	for _, k := range ks {
		for _, w := range k.Windows {
			if reason := w.Name + ": " + w.Skipped; !slices.Contains(why, reason) {
				why = append(why, reason)
			}
		}
	}
	return strings.Join(why, "; ")
}
