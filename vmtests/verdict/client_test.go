// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"maps"
	"strings"
	"testing"

	"mdlife/vmtests/event"
)

// clientGuest is a guest whose loop went well but for what change does to it.
func clientGuest(label string, change func(*event.Client)) Kernel {
	spec := event.ClientSpec{Cycles: 2, SettleMillis: 300}
	c := event.Client{Spec: spec, Cycles: 2, Stops: 5, Settled: 2, Reads: 10,
		Done: map[string]int{"create": 2}, Failed: map[string]int{}, Errors: map[string]int{}}
	if change != nil {
		change(&c)
	}
	return Kernel{Label: label, Plan: event.Plan{Client: &spec},
		Events: []event.Event{{Hello: &event.Hello{}}, {Client: &c}, {Done: &event.Done{}}}}
}

// TestClient: each thing that goes wrong is a problem on every kernel but the
// unpatched one.
func TestClient(t *testing.T) {
	fail := func(c *event.Client) {
		maps.Copy(c.Failed, map[string]int{"create": 1})
		maps.Copy(c.Errors, map[string]int{"mdadm: busy": 1})
	}
	for _, c := range []struct {
		name     string
		guest    Kernel
		problems int
		want     string
	}{
		{"all well", clientGuest("patched", nil), 0, "0 of 2"},
		{"unpatched", clientGuest("unpatched", fail), 0, "1 of 2"},
		{"a command failed", clientGuest("patched", fail), 1, "mdadm: busy ✗"},
		{"a device stays", clientGuest("patched", func(c *event.Client) { c.ThereSettled = 1 }), 1, "1 of 2 ✗"},
		{"a device is left", clientGuest("patched", func(c *event.Client) { c.LeftAtEnd = []string{"md50"} }), 1, "md50 ✗"},
		{"nobody reads", clientGuest("patched", func(c *event.Client) { c.Reads = 0 }), 1, "0 ✗"},
		{"nobody looks", clientGuest("patched", func(c *event.Client) { c.Settled = 0 }), 1, "0 of 0"},
		{"a cycle is missing", clientGuest("patched", func(c *event.Client) { c.Cycles = 1 }), 1, ""},
		{"nothing reported", Kernel{Label: "patched", Plan: event.Plan{Client: &event.ClientSpec{Cycles: 1}},
			Events: []event.Event{{Hello: &event.Hello{}}, {Done: &event.Done{}}}}, 1, "missing"},
	} {
		var out strings.Builder
		problems, err := WriteClient(&out, []Kernel{c.guest})
		if err != nil || len(problems) != c.problems || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %d problems %v, want %d and %q in\n%s", c.name, len(problems), problems, c.problems, c.want, out.String())
		}
	}
}
