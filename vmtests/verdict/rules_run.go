// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mdlife/internal/figures"
	"mdlife/vmtests/event"
)

// power: the race must show the bug on the unpatched kernel.
func power(rep *Report) []Result {
	n := rep.Unpatched.Total.Refused
	opens := figures.Count(rep.Unpatched.Total.Opens)
	detail := fmt.Sprintf("%s of %s racing opens failed on the unpatched kernel", figures.Count(n), opens)
	if n == 0 {
		detail = "the race did not show the bug on the unpatched kernel: none of its " + opens +
			" racing opens failed in a way that R7 forbids"
	}
	return []Result{{Name: powerRule, OK: n > 0, Detail: detail}}
}

// complete: both guests reported every part of their plan and ended cleanly.
func complete(rep *Report) []Result {
	return []Result{completeGuest("unpatched", &rep.Unpatched), completeGuest("patched", &rep.Patched)}
}

// completeGuest judges one guest of a comparison; column is its column, whatever its label.
func completeGuest(column string, k *Summary) Result {
	r := Result{Name: "complete-" + column, OK: true, Detail: allReported, Seconds: k.Wall}
	if missing := lacking(k); len(missing) > 0 {
		r.OK, r.Detail = false, k.named()+": "+strings.Join(missing, "; ")
	}
	return r
}

// completeAlone: the guest reported every part of its plan and ended cleanly.
func completeAlone(rep *Report) []Result {
	missing := lacking(&rep.Patched)
	return []Result{{Name: "complete", OK: len(missing) == 0,
		Detail: cmp.Or(strings.Join(missing, "; "), allReported), Seconds: rep.Patched.Wall}}
}

const allReported = "every planned part was reported"

// lacking lists what a guest's plan holds and its events do not.
func lacking(k *Summary) (missing []string) {
	if k.Died != "" {
		missing = append(missing, "the guest ended early: "+k.Died)
	}
	if k.BootInfo == nil {
		missing = append(missing, "the guest never said hello")
	}
	missing = append(missing, lackingParts(k)...)
	missing = append(missing, lackingLoops(k)...)
	switch {
	case k.Done == nil:
		missing = append(missing, "the guest did not say that it was done")
	case k.Done.Error != "":
		missing = append(missing, "the guest could not carry out its plan: "+k.Done.Error)
	}
	return missing
}

// lackingParts lists the planned kinds of tests of which nothing was reported.
func lackingParts(k *Summary) (missing []string) {
	for _, part := range []struct {
		planned  bool
		reported int
		text     string
	}{
		{k.Plan.Checks, len(k.Checks), "no check was reported"},
		{len(k.Plan.Windows) > 0, len(k.Windows), "no forced window was reported"},
		{len(k.Plan.Cells) > 0, len(k.Cells), "no test case of the personalities was reported"},
	} {
		if part.planned && part.reported == 0 {
			missing = append(missing, part.text)
		}
	}
	for _, spec := range k.Plan.Races {
		if FindRace(k.Races, spec) == nil {
			missing = append(missing, "race "+spec.Name+" was not reported")
		}
	}
	return missing
}

// lackingLoops lists the planned loops that were not reported, or ended early.
func lackingLoops(k *Summary) (missing []string) {
	if spec := k.Plan.Mdadm; spec != nil {
		switch {
		case k.Mdadm == nil:
			missing = append(missing, "the mdadm loop was not reported")
		case k.Mdadm.Cycles < spec.Cycles:
			missing = append(missing, fmt.Sprintf("the mdadm loop did %d of %d cycles", k.Mdadm.Cycles, spec.Cycles))
		}
	}
	if spec := k.Plan.Client; spec != nil {
		switch {
		case k.Client == nil:
			missing = append(missing, "the client's loop was not reported")
		case k.Client.Cycles < spec.Cycles:
			missing = append(missing, fmt.Sprintf("the client's loop did %d of %d cycles", k.Client.Cycles, spec.Cycles))
		}
	}
	if k.Plan.Soak != nil && k.Soak == nil {
		missing = append(missing, "the soak was not reported")
	}
	return missing
}

// FindRace returns the result of exactly this race, or nil. Only the patched kernel must
// see a minimum, so the minimum is not compared.
func FindRace(races []event.Race, spec event.RaceSpec) *event.Race {
	for i := range races {
		spec.MinOpens, spec.MinCycles = races[i].Spec.MinOpens, races[i].Spec.MinCycles
		if races[i].Spec == spec {
			return &races[i]
		}
	}
	return nil
}

// cleanConsole: no warning, oops, lock report … in the kernel's console.
func cleanConsole(rep *Report) []Result {
	var titles []string
	detail, see := "no finding", " (see "+rep.Patched.Console+")"
	for _, f := range rep.Patched.Findings {
		if f.Allowed != "" {
			detail += fmt.Sprintf("; expected: %s: %s (%s)", f.Kind, f.Title, f.Allowed)
			continue
		}
		title := fmt.Sprintf("%s: %s", f.Kind, f.Title) + Frames(f)
		if f.Console != "" {
			title, see = fmt.Sprintf("%s (%s, line %d)", title, f.Console, f.Line), ""
		}
		titles = append(titles, title)
	}
	if len(titles) == 0 {
		return []Result{{Name: "dmesg", OK: true, Detail: detail}}
	}
	return []Result{{Name: "dmesg", Detail: strings.Join(titles, "; ") + see}}
}

// Unexpected leaves out the findings that are allow-listed.
func Unexpected(fs []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.Allowed != "" })
}

// Frames is " (a < b < c)" for a finding that has a stack, else "".
func Frames(f Finding) string {
	if len(f.Frames) == 0 {
		return ""
	}
	return " (" + strings.Join(f.Frames, " < ") + ")"
}
