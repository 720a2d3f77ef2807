// SPDX-License-Identifier: BSD-3-Clause

package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestErrorf(t *testing.T) {
	err := fmt.Errorf("-tree: %w", Errorf("no tree %s: %w", "x", fs.ErrNotExist))
	if err.Error() != "-tree: no tree x: file does not exist" {
		t.Errorf("it reads %q", err)
	}
	if !errors.Is(err, Err) || !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is not a usage error, or has lost its cause")
	}
	if other := errors.New("the disk is full"); errors.Is(other, Err) {
		t.Error("any error is a usage error")
	}
}
