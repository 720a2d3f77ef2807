// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

func TestDoctorNamesWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	err := doctor(context.Background(), &out)
	if err == nil || !strings.Contains(err.Error(), "apt-get install --no-install-recommends apt bc bison") {
		t.Errorf("error %v", err)
	}
	const noGo = "no go command: install Go 1."
	if err == nil || !strings.Contains(err.Error(), noGo) {
		t.Errorf("error %v", err)
	}
	for _, row := range []string{"missing  flex                     no flex\n", "missing  go                       " + noGo} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("output %q", out.String())
		}
	}
}

func TestEveryNeedHasASign(t *testing.T) {
	ns := needs()
	if len(ns) < 10 {
		t.Fatalf("%d packages", len(ns))
	}
	for _, n := range ns {
		if n.pkg == "" || len(n.signs) == 0 {
			t.Errorf("%+v", n)
		}
	}
}

func TestPresentNeedsEverySign(t *testing.T) {
	if sign, ok := (need{"x", []string{os.Args[0], "/does/not/exist"}}).present(); ok || sign != "/does/not/exist" {
		t.Errorf("%q %v", sign, ok)
	}
}
