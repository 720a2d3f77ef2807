// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"

	"mdlife/vmtests/event"
)

// WindowPrefix begins the name of a window's rule.
const WindowPrefix = "window-"

// windows: each forced window holds on the patched kernel, and the unpatched one
// fails in it as it is known to; otherwise forcing it would prove nothing.
func windows(rep *Report) (results []Result) {
	for _, name := range WindowNames(rep.Patched, rep.Unpatched) {
		u, p := FindWindow(rep.Unpatched.Windows, name), FindWindow(rep.Patched.Windows, name)
		r := Result{Name: WindowPrefix + name, OK: failsAsKnown(u) && holds(p)}
		r.Detail = fmt.Sprintf("unpatched: %s; %s: %s", WindowState(u), cmp.Or(rep.Patched.Label, "patched"), WindowState(p))
		if p != nil {
			r.Seconds = p.Seconds
		}
		r.Skipped = skippedWindow(u) && skippedWindow(p)
		if u != nil && !failsAsKnown(u) {
			r.Detail = fmt.Sprintf("unpatched: %s instead of %s", WindowState(u), cmp.Or(u.Fails, "holding"))
		}
		results = append(results, r)
	}
	return results
}

// windowsAlone: each forced window holds.
func windowsAlone(rep *Report) []Result { return eachWindow(rep, holds) }

// windowsKnown: each forced window fails as it is known to on the unpatched kernel.
func windowsKnown(rep *Report) []Result { return eachWindow(rep, failsAsKnown) }

func eachWindow(rep *Report, kept func(*event.Window) bool) (results []Result) {
	for i := range rep.Patched.Windows {
		w := &rep.Patched.Windows[i]
		results = append(results, Result{Name: WindowPrefix + w.Name, OK: kept(w), Detail: WindowState(w),
			Seconds: w.Seconds, Skipped: skippedWindow(w)})
	}
	return results
}

// holds reports whether a window held, or says nothing on this kernel.
func holds(w *event.Window) bool { return w != nil && w.Got == "" }

// failsAsKnown reports whether a window went as it does on an unpatched kernel.
func failsAsKnown(w *event.Window) bool { return w != nil && (w.Skipped != "" || w.Got == w.Fails) }

// skippedWindow reports whether a window says nothing on this kernel.
func skippedWindow(w *event.Window) bool { return w != nil && w.Skipped != "" }

// WindowNames lists the windows that any of the kernels reported, in the order of the first.
func WindowNames(ks ...Summary) (names []string) {
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

// FindWindow returns the window of that name, or nil.
func FindWindow(ws []event.Window, name string) *event.Window {
	for i := range ws {
		if ws[i].Name == name {
			return &ws[i]
		}
	}
	return nil
}

// Missing is what a table and a reason say of something that was planned and not reported.
const Missing = "missing"

// WindowState is a window's result in a line.
func WindowState(w *event.Window) string {
	switch {
	case w == nil:
		return Missing
	case w.Skipped != "":
		return "skipped: " + w.Skipped
	case w.Held:
		return fmt.Sprintf("holds (%.2f s)", w.Seconds)
	case w.Got == w.Fails && w.Got == "ok": // the call had to wait or to fail
		return fmt.Sprintf("wrongly ok (%.2f s)", w.Seconds)
	case w.Got == w.Fails:
		return fmt.Sprintf("%s (%.2f s)", w.Got, w.Seconds)
	}
	return w.Got + " (" + w.Detail + ")"
}
