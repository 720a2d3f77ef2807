// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
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

// writeFile writes a file whole or not at all.
func writeFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
