// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"slices"
	"testing"

	"mdlife/kernel"
	"mdlife/kernel/series"
)

// TestRecordOfAllOrNothing: the record has the keys of the kernels if all checks passed, and else
// stays as it is.
func TestRecordOfAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	built := []series.Result{{Name: "apply 1"}, {Name: "build 1", Key: "a-1"}, {Name: "build 2", Key: "b-2"}}
	failed := append(slices.Clone(built), series.Result{Name: "build 3", Key: "c-3", Detail: "does not boot"})
	for _, step := range []struct {
		results []series.Result
		want    []string
	}{{failed, nil}, {built, []string{"a-1", "b-2"}}, {failed, []string{"a-1", "b-2"}}, {built[:2], []string{"a-1"}}} {
		if err := record(dir, step.results); err != nil {
			t.Fatal(err)
		}
		if keys, err := kernel.ReadRecord(kernel.RecordFile(dir)); err != nil || !slices.Equal(keys, step.want) {
			t.Errorf("after %d results: %v, %v; not %v", len(step.results), keys, err, step.want)
		}
	}
}
