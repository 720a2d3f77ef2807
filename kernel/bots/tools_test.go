// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"errors"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/kernel/series"
)

// TestMissingToolsAreNamed: all that are missing, at once, and how to get them.
func TestMissingToolsAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Check(t.Context(), series.Check{}, Options{})
	var missing *proc.MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "clang-19 coccinelle codespell") || !strings.Contains(err.Error(), "make deps-bots") {
		t.Errorf("%v", err)
	}
}
