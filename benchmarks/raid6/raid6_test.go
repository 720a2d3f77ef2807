// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

func TestField(t *testing.T) {
	if got := gfMul(0x80, 2); got != 0x1d {
		t.Errorf("{80} * {02} = %#x, want 0x1d: the polynomial is 0x11d", got)
	}
	if gfPow2(255) != 1 || gfPow2(1) != 2 {
		t.Error("{02} does not generate the field")
	}
	for a := 1; a < 256; a++ {
		if gfMul(byte(a), gfInv(byte(a))) != 1 {
			t.Errorf("1/%#x is wrong", a)
		}
	}
}

// TestRecoveryRows recovers each pair of disks of one byte each.
func TestRecoveryRows(t *testing.T) {
	data := []byte{3, 200, 17, 90, 255, 1}
	var p, q byte
	for z, d := range data {
		p ^= d
		q ^= gfMul(gfPow2(z), d)
	}
	for a := range data {
		for b := a + 1; b < len(data); b++ {
			rowA, rowB := recoveryRows(len(data), a, b)
			var rest []byte
			for z, d := range data {
				if z != a && z != b {
					rest = append(rest, d)
				}
			}
			rest = append(rest, p, q)
			if gotA, gotB := dot(rowA, rest), dot(rowB, rest); gotA != data[a] || gotB != data[b] {
				t.Errorf("disks %d and %d: got %d and %d", a, b, gotA, gotB)
			}
		}
	}
}

func dot(row, values []byte) (sum byte) {
	for i, c := range row {
		sum ^= gfMul(c, values[i])
	}
	return sum
}

// runnersOf makes the reference, its control and one variant of times.
func runnersOf(ref, second, variant []float64) []*runner {
	return []*runner{{name: "stock a", times: ref}, {name: again, times: second}, {name: newPre + "gfni512x4", times: variant}}
}

func repeat(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v + float64(i%3)*v/1000
	}
	return out
}

func TestEvaluate(t *testing.T) {
	cell := Cell{Gen, 8, 4096, DRAM}
	r, err := evaluate(cell, runnersOf(repeat(100, 21), repeat(100, 21), repeat(50, 21)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Void || len(r.Timings) != 2 || math.Abs(r.Timings[1].Speedup.Median-2) > 0.01 || math.Abs(r.Timings[1].Rate-655) > 10 {
		t.Errorf("%+v", r)
	}
	if i := r.Timings[1].Speedup; i.Low > i.Median || i.High < i.Median {
		t.Errorf("no interval: %+v", i)
	}
	// A reference that differs from itself says nothing.
	if r, err = evaluate(cell, runnersOf(repeat(100, 21), repeat(104, 21), repeat(50, 21))); err != nil || !r.Void {
		t.Errorf("not void: %+v, %v", r.Control, err)
	}
	if _, err := evaluate(cell, runnersOf(repeat(100, 21), repeat(100, 21), repeat(0, 21))); err == nil {
		t.Error("a time of 0 passes")
	}
}

func TestSettledLooksAtTheControlOnly(t *testing.T) {
	wild := []float64{1, 100, 3, 1000, 5, 2, 7, 1, 100, 3, 1000, 5, 2, 7, 1, 100, 3, 1000, 5, 2, 7}
	if !settled(runnersOf(repeat(100, 21), repeat(100, 21), wild)) {
		t.Error("a wild variant keeps the rounds going")
	}
	if settled(runnersOf(repeat(100, 21), wild, repeat(50, 21))) {
		t.Error("a wild control has settled")
	}
}

// fakeReport has all target cells, in which ours is twice as fast.
func fakeReport(t *testing.T) *Report {
	r := &Report{Reference: "a", Picks: []string{"a", "b", "a"}, Missing: []Missing{{"isa-l", "not installed"}}}
	for _, c := range targetCells() {
		ref := "stock a"
		if c.Op == Recovery {
			ref = "stock r"
		}
		runners := runnersOf(repeat(100, 21), repeat(100, 21), repeat(50, 21))
		runners[0].name = ref
		got, err := evaluate(c, runners)
		if err != nil {
			t.Fatal(err)
		}
		r.Cells = append(r.Cells, got)
	}
	r.Targets, r.Means = r.targets(), r.means()
	return r
}

func TestTargets(t *testing.T) {
	r := fakeReport(t)
	if mean := r.Targets[0]; !mean.Known || math.Abs(mean.Got-2) > 0.01 || mean.Met() {
		t.Errorf("%+v: twice the speed is less than 2.2", mean)
	}
	if least := r.Targets[1]; !least.Met() {
		t.Errorf("%+v", least)
	}
	for _, target := range r.Targets[2:] {
		if target.Known || target.Met() {
			t.Errorf("%+v: nothing of it was measured", target)
		}
	}
	if len(r.Means) != 1 || r.Means[0].Picked != 2 || math.Abs(r.Means[0].Mean-2) > 0.01 {
		t.Errorf("%+v", r.Means)
	}
}

func TestPrintAndWrite(t *testing.T) {
	r := fakeReport(t)
	r.Cells[0].Void = true
	var out, gobench, html bytes.Buffer
	r.Print(&out)
	for _, want := range []string{"a 2 times, b 1 times", "not available: isa-l: not installed", "VOID", "8+2 cold", "2.00 ["} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables have no %q:\n%s", want, &out)
		}
	}
	if err := WriteGo(&gobench, []*Report{r}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for in := benchfmt.NewReader(&gobench, "test"); in.Scan(); {
		if got, ok := in.Result().(*benchfmt.Result); ok && strings.Contains(string(got.Name), "op=gen/width=8+2/size=4K/memory=L3") {
			n++
		}
	}
	if n != 2*samples {
		t.Errorf("benchstat reads %d results of a cell, want %d", n, 2*samples)
	}
	if err := WriteHTML(&html, []*Report{r}); err != nil || strings.Count(html.String(), "<svg") != 3 {
		t.Errorf("%v, %d plots", err, strings.Count(html.String(), "<svg"))
	}
}

func TestCells(t *testing.T) {
	if n := len(Whole.cells()); n != 4*2*(4+3+3) {
		t.Errorf("%d cells", n)
	}
	if n := len(Quick.cells()); n != 2*(3+2+2) {
		t.Errorf("%d cells in a quick run", n)
	}
}

func TestMostFrequent(t *testing.T) {
	if got := mostFrequent([]string{"x", "y", "y", "x", "y"}); got != "y" {
		t.Errorf("got %s", got)
	}
}
