// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"cmp"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/u-root/mkuimage/cpio"
)

// sortedKeys returns a map's keys in rising order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// readRecord returns a record's content.
func readRecord(r cpio.Record) ([]byte, error) {
	if r.ReaderAt == nil {
		return nil, nil
	}
	return io.ReadAll(io.NewSectionReader(r.ReaderAt, 0, math.MaxInt64))
}
