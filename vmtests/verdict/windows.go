// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"

	"mdlife/tools/event"
)

// windows: each forced window holds on the patched kernel, and the unpatched one
// fails in it as it is known to, or the force would prove nothing.
func windows(rep *Report) []Result {
	var rs []Result
	for _, name := range windowNames(rep) {
		u, p := findWindow(rep.Unpatched.Windows, name), findWindow(rep.Patched.Windows, name)
		r := Result{Name: "window-" + name, OK: true}
		r.Detail = fmt.Sprintf("unpatched: %s; patched: %s", windowState(u), windowState(p))
		if p != nil {
			r.Seconds = p.Seconds
		}
		switch {
		case u == nil || p == nil:
			r.OK = false
		case u.Skipped == "" && u.Got != u.Fails:
			r.OK, r.Detail = false, fmt.Sprintf("unpatched: %s instead of %s", windowState(u), orElse(u.Fails, "holding"))
		case p.Got != "":
			r.OK, r.Detail = false, "patched: "+windowState(p)
		}
		rs = append(rs, r)
	}
	return rs
}

// windowNames lists the windows that either kernel reported, in their order.
func windowNames(rep *Report) (names []string) {
	for _, w := range rep.Patched.Windows {
		names = append(names, w.Name)
	}
	for _, w := range rep.Unpatched.Windows {
		if findWindow(rep.Patched.Windows, w.Name) == nil {
			names = append(names, w.Name)
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
	case w.Got == w.Fails:
		return w.Got
	}
	return w.Got + " (" + w.Detail + ")"
}

// windowSection has one row for each window.
func windowSection(rep *Report) Section {
	s := Section{Title: "windows, forced"}
	for _, name := range windowNames(rep) {
		u, p := findWindow(rep.Unpatched.Windows, name), findWindow(rep.Patched.Windows, name)
		s.Rows = append(s.Rows, Row{
			Label: name, Cells: []string{windowState(u), windowState(p)}, Bad: rep.broken("window-" + name),
		})
	}
	return s
}
