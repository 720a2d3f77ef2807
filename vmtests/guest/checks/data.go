// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"bytes"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Everything that was written is on the members.
func init() {
	register(data, expedited(
		check{"R16-written-before-stop", "R16", writtenBeforeStop},
	)...)
}

const blockSize = 4096

// block returns memory that O_DIRECT accepts, filled with a pattern.
func block(pattern byte) []byte {
	mem := make([]byte, 2*blockSize)
	skip := blockSize - int(uintptr(unsafe.Pointer(&mem[0]))%blockSize)
	b := mem[skip : skip+blockSize]
	for i := range b {
		b[i] = pattern + byte(i)
	}
	return b
}

// writtenBeforeStop writes through the page cache and past it, stops at once,
// and reads the members.
func writtenBeforeStop(e *env) (string, error) {
	const rounds = 8
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	for i := range rounds {
		fd, err := d.running(e.raid1)
		if err != nil {
			return "", err
		}
		pattern := byte(1 + i)
		offsets, err := d.scatter(fd, pattern)
		if err != nil {
			return "", err
		}
		if err := d.stop(fd); err != nil {
			return "", err
		}
		e.close(fd)
		if err := d.gone(goneLimit); err != nil {
			return "", err
		}
		if err := e.onMembers(offsets, pattern); err != nil {
			return "", fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	return fmt.Sprintf("in %d rounds, 16 buffered and 4 direct blocks written just before the stop were on both members", rounds), nil
}

// scatter writes blocks all over the array, without waiting for them, and
// returns their places. All opens come before the first write: the first open
// after a start finds that the medium has changed, and syncs the device.
func (d *disk) scatter(fd int, pattern byte) ([]int64, error) {
	direct, err := d.open(unix.O_WRONLY | unix.O_DIRECT)
	if err != nil {
		return nil, err
	}
	defer d.env.close(direct)
	var offsets []int64
	for i := range int64(16) {
		at := i * 257 * blockSize % (8 << 20)
		if _, err := unix.Pwrite(fd, block(pattern+byte(at/blockSize)), at); err != nil {
			return nil, fmt.Errorf("write to %s at %d: %w", d.name, at, err)
		}
		offsets = append(offsets, at)
	}
	for i := range int64(4) {
		at := 8<<20 + i*1021*blockSize%(8<<20)
		if _, err := unix.Pwrite(direct, block(pattern+byte(at/blockSize)), at); err != nil {
			return nil, fmt.Errorf("O_DIRECT write to %s at %d: %w", d.name, at, err)
		}
		offsets = append(offsets, at)
	}
	return offsets, nil
}

// onMembers compares what is on each member, past the page cache.
func (e *env) onMembers(offsets []int64, pattern byte) error {
	got := block(0)
	for _, member := range e.members {
		fd, err := md.Open(member, unix.O_RDONLY|unix.O_DIRECT)
		if err != nil {
			return fmt.Errorf("open %s: %w", member, err)
		}
		defer unix.Close(fd)
		for _, at := range offsets {
			if n, err := unix.Pread(fd, got, at); err != nil || n != len(got) {
				return fmt.Errorf("read %s at %d: %d bytes, %s", member, at, n, md.ErrnoName(err))
			}
			if !bytes.Equal(got, block(pattern+byte(at/blockSize))) {
				return fmt.Errorf("%s does not hold at %d what was written before the stop", member, at)
			}
		}
	}
	return nil
}
