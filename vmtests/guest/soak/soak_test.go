// SPDX-License-Identifier: BSD-3-Clause

package soak

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/race"
)

// chosen are the first races of a device.
func chosen(seed uint64, device int) []event.RaceSpec {
	rng := rand.New(rand.NewPCG(seed, uint64(device)))
	var specs []event.RaceSpec
	for n := range 200 {
		specs = append(specs, choose(rng, device, n+1))
	}
	return specs
}

func TestChoose(t *testing.T) {
	if !reflect.DeepEqual(chosen(7, 0), chosen(7, 0)) {
		t.Error("a seed does not replay")
	}
	if reflect.DeepEqual(chosen(7, 0), chosen(8, 0)) {
		t.Error("the seed does not matter")
	}
	kinds := map[string]bool{}
	for _, spec := range append(chosen(7, 0), chosen(7, 1)...) {
		if err := race.Check(spec); err != nil {
			t.Errorf("%+v: %v", spec, err)
		}
		if spec.Members > 0 {
			kinds[spec.Stop+"-raid1"] = true
		} else {
			kinds[spec.Stop] = true
		}
	}
	if len(kinds) != 5 {
		t.Errorf("not all kinds of races: %v", kinds)
	}
	for _, spec := range chosen(7, 1) {
		if spec.Stop == event.StopNamed {
			t.Error("two devices would make arrays of the same names")
		}
	}
}

func TestTooManyDevices(t *testing.T) {
	if _, err := Run(context.Background(), Config{Spec: event.SoakSpec{Devices: event.MaxSoakDevices + 1}}); err == nil {
		t.Error("no error")
	}
}
