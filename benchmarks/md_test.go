// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"math"
	"slices"
	"testing"

	"mdlife/benchmarks/paired"
	"mdlife/vmtests/event"
)

func TestCells(t *testing.T) {
	same := []paired.Round{{Before: 4096, Candidate: 2048, After: 4096}, {Before: 4096, Candidate: 2048, After: 4096}, {Before: 4096, Candidate: 2048, After: 4096}}
	all, err := cells(map[string][]paired.Round{"b": same, "b" + event.BenchCPU: same, "a": same, "a" + event.BenchCPU: same},
		map[string]string{"a": event.PerWrite, "b": event.PerMiB})
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" || !all[0].Met() {
		t.Fatalf("%+v %v", all, err)
	}
	if v, unit := all[0].Speed(100); v != 10000 || unit != "IOPS" {
		t.Errorf("%v %s", v, unit)
	}
	if v, unit := all[1].Speed(4096); v != 256 || unit != "MB/s" {
		t.Errorf("%v %s", v, unit)
	}
	if all[0].PerGB(4096) != 1000 || math.Abs(all[1].PerGB(1048.576)-1) > 1e-9 {
		t.Errorf("%v %v", all[0].PerGB(4096), all[1].PerGB(1048.576))
	}
	if _, err := cells(map[string][]paired.Round{"a": same}, nil); err == nil {
		t.Error("no CPU time, and no error")
	}
	slower := MDCell{Time: paired.Result{Ratio: paired.Ratio{Median: 1.1}}}
	void := MDCell{Time: paired.Result{Ratio: paired.Ratio{Median: 0.9}, Void: true}}
	if slower.Met() || void.Met() {
		t.Error("MDCell.Met")
	}
}

func TestAlgorithms(t *testing.T) {
	got := algorithms("[    0.24] raid6: skipped pq benchmark and selected avx2x4\r\n[    0.25] raid6: using avx2x2 recovery algorithm\r\n" +
		"[    0.26] xor: automatically using best checksumming function   avx       \r\n[    0.3] md: md50 stopped.\r\n")
	want := []string{"raid6: skipped pq benchmark and selected avx2x4", "raid6: using avx2x2 recovery algorithm", "xor: automatically using best checksumming function avx"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
