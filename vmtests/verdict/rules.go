// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/event"
)

// powerRule names the one rule that looks for failures on the unpatched kernel.
const powerRule = "power"

// rules are all rules, in the order in which reasons are given. Each returns
// one result for every thing that it looked at.
var rules = []func(*Report) []Result{
	power,
	complete,
	noRefusal,
	enough,
	everyRaceRan,
	fair,
	cleanConsole,
	checks,
	windows,
	nothingLeft,
	noLeaks,
	mdadmLoop,
}

// power: the race must show the bug on the unpatched kernel.
func power(rep *Report) []Result {
	n := rep.Unpatched.Total.Refused
	detail := fmt.Sprintf("%s of %s racing opens failed on the unpatched kernel", group(n), group(rep.Unpatched.Total.Opens))
	if n == 0 {
		detail = "the race did not show the bug on the unpatched kernel: none of its " +
			group(rep.Unpatched.Total.Opens) + " racing opens failed in a way that R7 forbids"
	}
	return []Result{{Name: powerRule, OK: n > 0, Detail: detail}}
}

// complete: both guests delivered every part of their plan and ended cleanly.
func complete(rep *Report) []Result {
	var rs []Result
	for _, k := range []*KernelPart{&rep.Unpatched, &rep.Patched} {
		lacks := lacking(k)
		detail := "every planned part was reported"
		if len(lacks) > 0 {
			detail = k.named() + ": " + strings.Join(lacks, "; ")
		}
		rs = append(rs, Result{Name: "complete-" + column(rep, k), OK: len(lacks) == 0, Detail: detail, Seconds: k.Wall})
	}
	return rs
}

// column names a kernel independently of its label.
func column(rep *Report, k *KernelPart) string {
	if k == &rep.Unpatched {
		return "unpatched"
	}
	return "patched"
}

// lacking lists what a guest's plan holds and its events do not.
func lacking(k *KernelPart) []string {
	var out []string
	if k.Died != "" {
		out = append(out, "the guest ended early: "+k.Died)
	}
	if k.Hello == nil {
		out = append(out, "the guest never said hello")
	}
	if k.Plan.Checks && len(k.Checks) == 0 {
		out = append(out, "no check was reported")
	}
	if len(k.Plan.Windows) > 0 && len(k.Windows) == 0 {
		out = append(out, "no forced window was reported")
	}
	if len(k.Plan.Cells) > 0 && len(k.Cells) == 0 {
		out = append(out, "no cell of the personalities was reported")
	}
	for _, spec := range k.Plan.Races {
		if findRace(k.Races, spec) == nil {
			out = append(out, "race "+spec.Name+" was not reported")
		}
	}
	if k.Plan.Mdadm != nil {
		switch {
		case k.Mdadm == nil:
			out = append(out, "the mdadm loop was not reported")
		case k.Mdadm.Cycles < k.Plan.Mdadm.Cycles:
			out = append(out, fmt.Sprintf("the mdadm loop did %d of %d cycles", k.Mdadm.Cycles, k.Plan.Mdadm.Cycles))
		}
	}
	if k.Plan.Client != nil {
		switch {
		case k.Client == nil:
			out = append(out, "the client's loop was not reported")
		case k.Client.Cycles < k.Plan.Client.Cycles:
			out = append(out, fmt.Sprintf("the client's loop did %d of %d cycles", k.Client.Cycles, k.Plan.Client.Cycles))
		}
	}
	if k.Plan.Soak != nil && k.Soak == nil {
		out = append(out, "the soak was not reported")
	}
	switch {
	case k.Done == nil:
		out = append(out, "the guest did not say that it was done")
	case k.Done.Error != "":
		out = append(out, "the guest could not carry out its plan: "+k.Done.Error)
	}
	return out
}

// findRace returns the result of exactly this race, or nil. Only the patched
// kernel must see a minimum, so that does not count.
func findRace(races []event.Race, spec event.RaceSpec) *event.Race {
	for i := range races {
		spec.MinOpens, spec.MinCycles = races[i].Spec.MinOpens, races[i].Spec.MinCycles
		if races[i].Spec == spec {
			return &races[i]
		}
	}
	return nil
}

// noRefusal: R7 on the patched kernel, race by race, for every kind of call.
func noRefusal(rep *Report) []Result {
	var rs []Result
	for _, r := range rep.Patched.Races {
		tried, _ := opens(r)
		res := Result{Name: "race-" + r.Spec.Name, Requirement: "R7", OK: true, Seconds: r.Seconds,
			Detail: fmt.Sprintf("no forbidden failure in %s opens and %s cycles", group(tried), group(r.Cycles))}
		var bad []string
		for _, f := range refused(r) {
			bad = append(bad, f.String())
		}
		if len(bad) > 0 {
			res.OK = false
			res.Detail = fmt.Sprintf("%s (of %s opens, %s cycles; seed %d)",
				strings.Join(bad, ", "), group(tried), group(r.Cycles), r.Seed)
		}
		rs = append(rs, res)
	}
	return rs
}

// enough: zero failures mean little in few opens.
func enough(rep *Report) []Result {
	t, m, on := rep.Patched.Total, rep.Minimum, rep.Patched.named()
	return []Result{
		{Name: "enough-opens", OK: t.Judged >= m.Opens,
			Detail: fmt.Sprintf("%s racing opens bound by R7 on %s, %s needed", group(t.Judged), on, group(m.Opens))},
		{Name: "enough-cycles", OK: t.Cycles >= m.Cycles,
			Detail: fmt.Sprintf("%s stop cycles on %s, %s needed", group(t.Cycles), on, group(m.Cycles))},
	}
}

// everyRaceRan: a race in which nothing was opened or nothing stopped raced nothing.
func everyRaceRan(rep *Report) []Result {
	var rs []Result
	for _, r := range rep.Patched.Races {
		tried, _ := opens(r)
		rs = append(rs, Result{Name: "raced-" + r.Spec.Name, OK: tried > 0 && r.Cycles > 0,
			Detail: fmt.Sprintf("%s opens against %s stops", group(tried), group(r.Cycles))})
	}
	return rs
}

// cleanConsole: no warning, oops, lock report … in the patched kernel's console.
func cleanConsole(rep *Report) []Result {
	var titles []string
	detail := "no finding"
	for _, f := range rep.Patched.Findings {
		if f.Allowed != "" {
			detail += fmt.Sprintf("; expected: %s: %s (%s)", f.Kind, f.Title, f.Allowed)
			continue
		}
		titles = append(titles, fmt.Sprintf("%s: %s", f.Kind, f.Title)+frames(f))
	}
	if len(titles) == 0 {
		return []Result{{Name: "dmesg", OK: true, Detail: detail}}
	}
	return []Result{{Name: "dmesg", Detail: strings.Join(titles, "; ") + " (see " + rep.Patched.Console + ")"}}
}

// unexpected leaves out the findings that are allow-listed.
func unexpected(fs []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.Allowed != "" })
}

// frames is " (a < b < c)" for a finding that has a stack.
func frames(f Finding) string {
	if len(f.Frames) == 0 {
		return ""
	}
	return " (" + strings.Join(f.Frames, " < ") + ")"
}
