// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// kmemleak's control file (Documentation/dev-tools/kmemleak.rst).
const kmemleak = "/sys/kernel/debug/kmemleak"

// kmemleakAge is from when on kmemleak suspects an object: it must be 5 s old
// (MSECS_MIN_AGE in mm/kmemleak.c).
const kmemleakAge = 5500 * time.Millisecond

// ScanForLeaks has kmemleak look twice for memory that nothing points to: an object
// that has changed since it last looked is not reported. What it finds it prints on
// the console, with the stack of the allocation. A kernel without it has nothing to
// look with, which is no error.
func ScanForLeaks(ctx context.Context) error {
	if _, err := os.Stat(kmemleak); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := os.WriteFile("/sys/module/kmemleak/parameters/verbose", []byte("Y"), 0); err != nil {
		return fmt.Errorf("kmemleak: %w", err)
	}
	select {
	case <-time.After(kmemleakAge):
	case <-ctx.Done():
		return ctx.Err()
	}
	for range 2 {
		if err := os.WriteFile(kmemleak, []byte("scan"), 0); err != nil {
			return fmt.Errorf("kmemleak: %w", err)
		}
	}
	return nil
}
