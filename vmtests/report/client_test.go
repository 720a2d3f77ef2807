// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"maps"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// clientGuest is a guest whose loop went well but for what change does to it.
func clientGuest(label string, change func(*event.Client)) verdict.Guest {
	spec := event.ClientSpec{Cycles: 2, SettleMillis: 300}
	c := event.Client{Spec: spec, Cycles: 2, Stops: 5, Settled: 2, Reads: 10,
		Done: map[string]int{"create": 2}, Failed: map[string]int{}, Errors: map[string]int{}}
	if change != nil {
		change(&c)
	}
	return guestOf(label, event.Plan{Client: &spec}, event.Event{Client: &c})
}

// TestClient: each thing that goes wrong breaks a rule on every kernel but the unpatched one.
func TestClient(t *testing.T) {
	fail := func(c *event.Client) {
		maps.Copy(c.Failed, map[string]int{"create": 1})
		maps.Copy(c.Errors, map[string]int{"mdadm: busy": 1})
	}
	good := clientGuest("patched", nil)
	for _, tc := range []struct {
		name    string
		guests  []verdict.Guest
		reasons int
		want    string
	}{
		{"all well", []verdict.Guest{good}, 0, "0 of 2"},
		{"unpatched", []verdict.Guest{clientGuest("unpatched", fail), good}, 0, "1 of 2"},
		{"a command failed", []verdict.Guest{clientGuest("patched", fail)}, 1, "mdadm: busy ✗"},
		{"a device stays", []verdict.Guest{clientGuest("patched", func(c *event.Client) { c.ThereSettled = 1 })}, 1, "1 of 2 ✗"},
		{"a device is left", []verdict.Guest{clientGuest("patched", func(c *event.Client) { c.LeftAtEnd = []string{"md50"} })}, 1, "md50 ✗"},
		{"nobody reads", []verdict.Guest{clientGuest("patched", func(c *event.Client) { c.Reads = 0 })}, 1, "0 ✗"},
		{"nobody looks", []verdict.Guest{clientGuest("patched", func(c *event.Client) { c.Settled = 0 })}, 1, "0 of 0"},
		{"a cycle is missing", []verdict.Guest{clientGuest("patched", func(c *event.Client) { c.Cycles = 1 })}, 1, ""},
		{"nothing reported", []verdict.Guest{guestOf("patched", event.Plan{Client: &event.ClientSpec{Cycles: 1}})}, 1, "missing"},
	} {
		t.Run(tc.name, func(t *testing.T) { expect(t, run.Client(tc.guests), tc.reasons, tc.want) })
	}
}
