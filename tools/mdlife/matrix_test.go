// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"testing"

	"mdlife/kernel/source"
)

// TestLeftOut: a matrix that had to leave a base out is not a whole one.
func TestLeftOut(t *testing.T) {
	if err := leftOut(nil); err != nil {
		t.Errorf("nothing was left out: %v", err)
	}
	if err := leftOut([]string{"mainline"}); !errors.Is(err, source.ErrNotFetched) {
		t.Errorf("mainline was left out: %v", err)
	}
}
