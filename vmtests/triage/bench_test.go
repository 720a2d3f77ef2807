// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"os"
	"testing"
)

// BenchmarkScan scans the console of a boot without findings.
func BenchmarkScan(b *testing.B) {
	log, err := os.ReadFile("testdata/clean-boot.log")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if fs := Scan(string(log)); len(fs) != 0 {
			b.Fatal(fs)
		}
	}
}
