// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// TestRounds has each boot measure its number: unpatched, patched and unpatched again, twice.
func TestRounds(t *testing.T) {
	var all vmtests.Artefacts
	all.Unpatched.Label, all.Patched.Label = "unpatched", "patched"
	boots := ""
	boot := func(a vmtests.Artefact) (verdict.Guest, error) {
		boots += a.Label + " "
		n := float64(strings.Count(boots, " "))
		return verdict.Guest{Events: []event.Event{{Bench: &event.Bench{Name: "open", Micros: []float64{n}}}}}, nil
	}
	got, err := abaRounds(all, 2, boot)
	want := map[string][]paired.Round{"open": {{Before: 1, Candidate: 2, After: 3}, {Before: 4, Candidate: 5, After: 6}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if want := strings.Repeat("unpatched patched unpatched ", 2); boots != want {
		t.Errorf("booted %s, want %s", boots, want)
	}
}

func TestRoundsFail(t *testing.T) {
	var all vmtests.Artefacts
	all.Unpatched.Label, all.Patched.Label = "unpatched", "patched"
	for want, answer := range map[string]func(vmtests.Artefact) (verdict.Guest, error){
		"round 1, unpatched kernel: no QEMU": func(vmtests.Artefact) (verdict.Guest, error) { return verdict.Guest{}, errors.New("no QEMU") },
		"round 1, patched kernel: the guest ended early: oops": func(a vmtests.Artefact) (verdict.Guest, error) {
			if a.Label == "patched" {
				return verdict.Guest{Died: "oops"}, nil
			}
			return verdict.Guest{Events: []event.Event{{Bench: &event.Bench{Name: "open", Micros: []float64{1}}}}}, nil
		},
	} {
		if _, err := abaRounds(all, 2, answer); fmt.Sprint(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
