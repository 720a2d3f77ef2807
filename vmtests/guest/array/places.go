// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// scanned is how much of each member is looked through: more than redundant arrays use.
const scanned = 16 << 20

// Place is where a block is: on which member, and at which byte.
type Place struct {
	Member int
	Node   string
	Offset int64
}

// Places finds the pattern's blocks on members. Of a block that is there several times, the
// places are in the order in which md counts the copies.
func (p Pattern) Places(members []string) (map[uint64][]Place, error) {
	found := map[uint64][]Place{}
	buf := Aligned(scanned)
	defer unix.Munmap(buf)
	for i, node := range members {
		n, err := readAll(node, buf)
		if err != nil {
			return nil, err
		}
		for offset := 0; offset < n; offset += BlockSize {
			if block, ours := p.identify(buf[offset:][:BlockSize]); ours {
				found[block] = append(found[block], Place{i, node, int64(offset)})
			}
		}
	}
	for _, places := range found {
		slices.SortFunc(places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Member, b.Member))
		})
	}
	return found, nil
}

func readAll(node string, buf []byte) (int, error) {
	f, err := OpenDirect(node, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := f.ReadAt(buf, 0)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", node, err)
	}
	return n, nil
}

// ParityBeside returns the blocks in the stripe of a place that are none of the pattern.
func (p Pattern) ParityBeside(at Place, members []string) (parity []Place, err error) {
	for i, node := range members {
		here := Place{i, node, at.Offset}
		block, err := here.Read()
		if err != nil {
			return nil, err
		}
		if _, ours := p.identify(block); !ours {
			parity = append(parity, here)
		}
	}
	return parity, nil
}

// Read reads the block at a place.
func (p Place) Read() ([]byte, error) {
	f, err := OpenDirect(p.Node, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	_, err = f.ReadAt(buf, p.Offset)
	return slices.Clone(buf), err
}

// Write writes the block at a place.
func (p Place) Write(block []byte) error {
	f, err := OpenDirect(p.Node, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := Aligned(BlockSize)
	defer unix.Munmap(buf)
	copy(buf, block)
	_, err = f.WriteAt(buf, p.Offset)
	return err
}
