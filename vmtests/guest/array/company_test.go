// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testCompany returns a company that visits a file, and the file.
func testCompany(t *testing.T, kind Company, strict bool) (*company, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "array")
	if err := os.WriteFile(file, make([]byte, 2*groupsPeriod*groupBlocks*BlockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	return &company{kind: kind, strict: strict, rng: rand.New(rand.NewPCG(1, 2)), doing: func() string { return "step" },
		written: map[uint64]uint64{}}, file
}

// visitOften has the company come many times.
func visitOften(t *testing.T, c *company, file string) {
	t.Helper()
	for range 200 {
		if err := c.visit(file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCompany: it writes its own blocks only, and finds each change to one of them.
func TestCompany(t *testing.T) {
	c, file := testCompany(t, ReadsAndWrites, true)
	visitOften(t, c, file)
	if c.wrong != nil || c.ios < 300 {
		t.Fatalf("%d reads and writes, %v", c.ios, c.wrong)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for block := range uint64(len(data) / BlockSize) {
		untouched := strings.Trim(string(data[block*BlockSize:][:BlockSize]), "\x00") == ""
		if !untouched && !isCompanys(block) {
			t.Errorf("it has written to block %d", block)
		}
	}
	if err := os.WriteFile(file, make([]byte, len(data)), 0o600); err != nil {
		t.Fatal(err)
	}
	visitOften(t, c, file)
	if c.wrong == nil || !strings.Contains(c.wrong.Error(), `beside "step": block `) || !strings.Contains(c.wrong.Error(), "is no block of ours") {
		t.Errorf("all was lost: %v", c.wrong)
	}
}

// TestCompanyAndErrors: an I/O error counts where none may be.
func TestCompanyAndErrors(t *testing.T) {
	for _, strict := range []bool{true, false} {
		c, file := testCompany(t, ReadsAndWrites, strict)
		f, err := os.Open(file) // which takes no writes
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := c.write(f, Aligned(BlockSize), ownGroup*groupBlocks, false); (err != nil) != strict {
			t.Errorf("strict: %t: %v", strict, err)
		}
		if c.ios != 0 || len(c.written) != 0 {
			t.Errorf("it counts %d, and expects %v", c.ios, c.written)
		}
	}
}

// TestCompanyReadsOnly: it writes nothing.
func TestCompanyReadsOnly(t *testing.T) {
	c, file := testCompany(t, ReadsOnly, true)
	visitOften(t, c, file)
	if c.wrong != nil || c.ios != 200 || c.last != 0 {
		t.Errorf("%d reads, %d writes, %v", c.ios, c.last, c.wrong)
	}
}

// TestPatternLeavesOut: the pattern has no block of the company's.
func TestPatternLeavesOut(t *testing.T) {
	for _, size := range []int64{4 << 20, 12 << 20, 190 << 20} {
		for _, start := range (Pattern{Size: size}).runs() {
			for i := range uint64(RunBlocks) {
				if isCompanys(start + i) {
					t.Errorf("%d bytes: block %d", size, start+i)
				}
			}
		}
	}
}
