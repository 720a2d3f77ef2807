// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"fmt"

	"mdlife/vmtests/guest/array"
)

// reshapeFrozen freeze a reshape in its middle, as mdadm does before it stops an array, and a failed
// member does for a moment: what has moved is read and written where it is now, all else where it was.
var reshapeFrozen = rows([]string{"grow", "chunk", "chunk-back", "layout"}, func(_ int, change string) scenario {
	return scenario{name: "reshape-frozen-" + change, on: array.HasChange(change), run: func(a *array.Array) (string, error) {
		c, _ := a.Personality.ChangeNamed(change)
		return useWhileFrozen(a, c)
	}}
})

func useWhileFrozen(a *array.Array, c array.Change) (string, error) {
	recipe := array.Recipe{Clean: true, More: []string{array.DataOffset}}
	var at string
	err := array.Steps(
		a.Step("create", a.Create(recipe)),
		a.Step("write", a.BeOwn, a.Write),
		a.Step("reshape to the middle", func() error { return a.Prepare(c) }, a.Reshape, a.HoldInTheMiddle, a.Verify),
		a.Step("freeze it", array.Timely("frozen > md/sync_action", a.Action("frozen")), func() (err error) {
			at, err = a.Attr("reshape_position")
			return err
		}),
		a.Step("read while it is frozen", array.Timely("a read", a.Verify)),
		a.Step("write while it is frozen", array.Timely("a write", a.Write), array.Timely("a read", a.Verify)),
		a.Step("go on", array.Timely("reshape > md/sync_action", a.Action("reshape")), a.EndReshape, a.Verify, a.CheckMembersAgree),
		a.Step("stop", a.Stop(array.ByIoctl)),
	)
	return fmt.Sprintf("frozen at sector %s", at), err
}
