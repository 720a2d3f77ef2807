// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goodMutant = `From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
Subject: [PATCH] mutant: an open does not try again

Requirement: R6
Tests: race-ioctl W1

---
diff --git a/block/bdev.c b/block/bdev.c
`

func TestLoadMutants(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "02-b.patch", goodMutant)
	write(t, dir, "01-no-retry.patch", goodMutant)
	write(t, dir, "README", "not a patch")
	all, err := LoadMutants(dir)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	m := all[0]
	if m.Name != "no-retry" || m.Subject != "an open does not try again" || m.Requirement != "R6" ||
		!slices.Equal(m.Tests, []string{"race-ioctl", "W1"}) || m.Variant != "patched" {
		t.Errorf("%+v", m)
	}
}

func TestMutantVariant(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "01-x.patch", strings.Replace(goodMutant, "Tests:", "Variant: modular\nTests:", 1))
	if all, err := LoadMutants(dir); err != nil || all[0].Variant != "modular" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestNoMutants(t *testing.T) {
	if all, err := LoadMutants(filepath.Join(t.TempDir(), "none")); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestBadMutants: a mutant that does not say what must kill it is an error that names
// the file.
func TestBadMutants(t *testing.T) {
	for what, text := range map[string]string{
		"no subject":     strings.Replace(goodMutant, "mutant: ", "", 1),
		"no requirement": strings.Replace(goodMutant, "Requirement", "Req", 1),
		"no tests":       strings.Replace(goodMutant, "Tests", "Test", 1),
		"no diff":        strings.Replace(goodMutant, "diff --git", "diff", 1),
		"tests in diff":  "Subject: mutant: x\n\nRequirement: R1\n\ndiff --git a/x b/x\nTests: R1\n",
	} {
		dir := t.TempDir()
		write(t, dir, "01-bad.patch", text)
		if _, err := LoadMutants(dir); err == nil || !strings.Contains(err.Error(), "01-bad.patch") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
