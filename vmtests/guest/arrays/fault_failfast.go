// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/vmtests/guest/array"
)

// failfast has all members of a mirror fail at once for a moment, which were added as such that fail
// fast. At worst one member is out afterwards, and the array takes writes.
var failfast = scenario{name: "fault-failfast", on: array.Personality.Mirrors, run: func(a *array.Array) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{"--failfast"}}
	var degraded string
	err := array.Steps(
		a.Step("make disks", a.UseGates),
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.Write),
		a.Step("all members fail a moment", a.BreakGates, func() error { return failsInTime(a) }, a.MendGates),
		a.Step("write again", array.Timely("a write", a.Write), a.Verify),
		func() (err error) {
			if degraded, err = a.Attr("degraded"); err == nil && degraded != "0" && degraded != "1" {
				err = fmt.Errorf("md/degraded is %s: more than one member is out", degraded)
			}
			return err
		},
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return "degraded: " + degraded, err
}}

// failsInTime has a write come to the members that fail. It may get an error, but must not hang.
func failsInTime(a *array.Array) error {
	return array.Timely("a write to members that fail", func() error {
		_ = a.Data.Write(a.Dev())
		return nil
	})()
}
