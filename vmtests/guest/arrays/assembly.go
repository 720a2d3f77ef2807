// SPDX-License-Identifier: BSD-3-Clause

package arrays

import "mdlife/vmtests/guest/array"

// assembly has mdadm find a stopped array again in all its ways, and watch it.
var assembly = scenario{name: "assembly", on: array.Personality.OwnMetadata, run: func(a *array.Array) (string, error) {
	var uuid string
	steps := []func() error{
		a.Step("create", a.Create(a.Personality.CleanIfRedundant()), a.Write),
		func() (err error) {
			uuid, err = a.UUID()
			return err
		},
	}
	for i, way := range array.Assemblies() {
		stop := array.StopWay(i)
		steps = append(steps,
			a.Step("stop by "+stop, a.Stop(stop)),
			a.Step("assemble "+way.Name, func() error { return way.Do(a, uuid) }, a.CheckRuns, a.CheckNotDegraded, a.Verify))
	}
	steps = append(steps, a.Step("monitor", a.Monitor), a.Step("stop", a.Stop(array.ByMdadm)))
	return "by uuid, by scan, incrementally", array.Steps(steps...)
}}
