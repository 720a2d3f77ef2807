// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"slices"
	"strings"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/machine"
)

// check is one check. run returns a line that describes the success, or an error that
// names both the outcome and the one that the requirement wants.
type check struct {
	name        string
	requirement string
	run         func(*env) (string, error)
}

// turn is when a check runs, in this order.
type turn int

const (
	lives turn = iota // how a device comes into being, stays and goes
	announcements
	stops
	naming
	numbers
	failures
	data
	holders
	others     // a check that has no reason to come before or after another
	damaging   // leaves an unpatched kernel damaged
	modular    // needs md as a module (variant modular): elsewhere there is nothing to unload
	onlyByName // takes long: runs when its whole name is asked for
)

// registry holds all checks by their turn. Each file registers its own, in init.
var registry = map[turn][]check{}

// register adds checks to a turn.
func register(at turn, checks ...check) { registry[at] = append(registry[at], checks...) }

// between lists the checks of the turns from first to last, in the order in which they run.
func between(first, last turn) []check {
	var all []check
	for at := first; at <= last; at++ {
		all = append(all, registry[at]...)
	}
	return all
}

// expedited has checks that race with nothing run with short waits for RCU: each
// removal of a device takes some.
func expedited(checks ...check) []check {
	quick := slices.Clone(checks)
	for i, c := range quick {
		quick[i].run = func(e *env) (string, error) {
			expediteRCU(true)
			defer expediteRCU(false)
			return c.run(e)
		}
	}
	return quick
}

// choose returns the checks whose names begin with one of prefixes, in the order
// in which they run. A prefix that fits none is a mistake.
func choose(prefixes []string) ([]check, error) {
	all := available()
	if len(prefixes) == 0 {
		return all, nil
	}
	all = slices.Concat(all, registry[onlyByName])
	for _, p := range prefixes {
		if !anyFits(all, p) {
			return nil, fmt.Errorf("no check's name begins with %s", p)
		}
	}
	return slices.DeleteFunc(all, func(c check) bool {
		return !slices.ContainsFunc(prefixes, c.fits)
	}), nil
}

// anyFits reports whether a prefix is of one of these checks.
func anyFits(checks []check, prefix string) bool {
	return slices.ContainsFunc(checks, func(c check) bool { return c.fits(prefix) })
}

// Known reports whether [Run] takes this beginning of a name on some kernel.
func Known(prefix string) bool { return anyFits(between(lives, onlyByName), prefix) }

// NeedsModule reports whether a name is only of checks that need md as modules.
func NeedsModule(prefix string) bool {
	return Known(prefix) && !anyFits(slices.Concat(between(lives, damaging), registry[onlyByName]), prefix)
}

// available lists the checks that this kernel can run.
func available() []check {
	if machine.MDIsModule() {
		return between(lives, modular)
	}
	return between(lives, damaging)
}

// fits reports whether p is the check's requirement or a longer beginning of its name:
// "R1" does not fit R15-claimed. A check that takes long fits its whole name only.
func (c check) fits(p string) bool {
	if slices.ContainsFunc(registry[onlyByName], func(l check) bool { return l.name == c.name }) {
		return p == c.name
	}
	return p == event.AllChecks || c.requirement == p || strings.HasPrefix(c.name, p) && len(p) > len(c.requirement)
}
