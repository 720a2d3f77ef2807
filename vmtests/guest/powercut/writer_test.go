// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// TestWriter has a writer write to files, changes what it has left, and has another
// look.
func TestWriter(t *testing.T) {
	dir := t.TempDir()
	device, ledger := filepath.Join(dir, "array"), filepath.Join(dir, "ledger")
	for _, path := range []string{device, ledger} {
		if err := os.WriteFile(path, make([]byte, 2*ownBlocks*array.BlockSize), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := array.OpenDirect(device, os.O_RDONLY); err != nil {
		t.Fatalf("the directory for tests takes no O_DIRECT: %v", err)
	}
	const writings = ownBlocks + 10
	ctx, cancel := context.WithCancel(t.Context())
	c := newWriter(device, ledger, 1, 1)
	n := 0
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range writings { // work ends after one writing each
		ctx, cancel := context.WithCancel(ctx)
		if err := c.work(ctx, func() { n++; cancel() }); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if n != writings || c.acked != writings {
		t.Fatalf("%d writings, %d acknowledged, want %d", n, c.acked, writings)
	}
	look := func(want ...uint64) {
		t.Helper()
		again := newWriter(device, ledger, 1, 1)
		if err := again.read(); err != nil {
			t.Fatal(err)
		}
		lost, looked, err := again.look()
		if err != nil || looked != ownBlocks || len(lost) != len(want) {
			t.Fatalf("lost %v of %d blocks (%v), want %v", lost, looked, err, want)
		}
		for i, w := range want {
			if lost[i].block != w {
				t.Errorf("lost %v, want %v", lost, want)
			}
		}
		if err := again.mend(lost); err != nil {
			t.Fatal(err)
		}
	}
	put := func(block, writing uint64, bytes int) {
		t.Helper()
		buf := array.Aligned(array.BlockSize)
		defer unix.Munmap(buf)
		array.Pattern{Generation: writing}.Fill(buf, block)
		if _, err := f.WriteAt(buf[:bytes], int64(block)*array.BlockSize); err != nil {
			t.Fatal(err)
		}
	}
	look()
	next := c.block(writings + 1)
	put(next, writings+1, 512) // torn by the cut
	look()
	put(next, writings+1, array.BlockSize) // done, but not entered
	look()
	put(next, writings+2, array.BlockSize) // of a writing that has not begun
	look(next)
	stale := c.block(writings - 1)
	put(stale, writings-1-ownBlocks, array.BlockSize)
	look(stale)
	look() // it was mended
}
