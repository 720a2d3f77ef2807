// SPDX-License-Identifier: BSD-3-Clause

package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// stamped is a device all of whose blocks say where they are and of which writing.
type stamped struct {
	f          *os.File
	size       int64
	content    []byte
	generation uint64           // of the last writing
	full       uint64           // of the last one of all of the device
	randomly   map[int64]uint64 // the places written at random since all were, and by which writing
}

// prepare makes the content of a device of this size.
func (s *stamped) prepare(size int64) {
	s.size = size - size%parityWrite
	s.content = make([]byte, parityWrite)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := 0; i < len(s.content); i += 8 {
		binary.LittleEndian.PutUint64(s.content[i:], rng.Uint64())
	}
}

// write writes all of the device.
func (s *stamped) write() error {
	s.generation++
	s.full, s.randomly = s.generation, map[int64]uint64{}
	return s.sequential(s.put)
}

// writeRandomly has each writer write blocks that are its own, other content than
// the last time, or read-modify-write would have nothing to change.
func (s *stamped) writeRandomly() error {
	s.generation++
	for w := range parityWriters {
		for at := range s.places(w) {
			s.randomly[at] = s.generation
		}
	}
	return parallel(s.putRandomly)
}

// places returns where a writer writes at random, the same each time.
func (s *stamped) places(writer int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		rng := rand.New(rand.NewPCG(2, uint64(writer)))
		blocks := s.size / array.BlockSize / parityWriters
		for range parityRandoms {
			if !yield((rng.Int64N(blocks)*parityWriters + int64(writer)) * array.BlockSize) {
				return
			}
		}
	}
}

// expected returns what a block holds behind its stamp, and of which writing it is.
func (s *stamped) expected(at int64) (content []byte, generation uint64) {
	generation, random := s.randomly[at]
	if !random {
		return s.content[at%parityWrite:][:array.BlockSize], s.full
	}
	return s.content[(at+int64(generation)*array.BlockSize)%parityWrite:][:array.BlockSize], generation
}

// parallel has all writers do something, and returns the first error.
func parallel(do func(writer int) error) error {
	var all errgroup.Group
	for w := range parityWriters {
		all.Go(func() error { return do(w) })
	}
	return all.Wait()
}

// sequential goes through the device from its beginning to its end: the writers take
// turns.
func (s *stamped) sequential(do func(buf []byte, at int64) error) error {
	return parallel(func(w int) error {
		buf := array.Aligned(parityWrite)
		defer unix.Munmap(buf)
		copy(buf, s.content)
		for at := int64(w) * parityWrite; at < s.size; at += parityWriters * parityWrite {
			if err := do(buf, at); err != nil {
				return fmt.Errorf("at byte %d: %w", at, err)
			}
		}
		return nil
	})
}

// put writes what belongs to a place. The blocks of buf have their content already.
func (s *stamped) put(buf []byte, at int64) error {
	for i := 0; i < len(buf); i += array.BlockSize {
		stamp(buf[i:], uint64(at)+uint64(i), s.generation)
	}
	_, err := s.f.WriteAt(buf, at)
	return err
}

// putRandomly writes a writer's blocks.
func (s *stamped) putRandomly(writer int) error {
	buf := array.Aligned(array.BlockSize)
	defer unix.Munmap(buf)
	for at := range s.places(writer) {
		content, generation := s.expected(at)
		copy(buf, content)
		stamp(buf, uint64(at), generation)
		if _, err := s.f.WriteAt(buf, at); err != nil {
			return fmt.Errorf("at byte %d: %w", at, err)
		}
	}
	return nil
}

// stamp makes a block of the content tell its place and when it was written.
func stamp(block []byte, at, generation uint64) {
	binary.LittleEndian.PutUint64(block, at)
	binary.LittleEndian.PutUint64(block[8:], generation)
}

// verify reads all of the device, which must hold what was written last.
func (s *stamped) verify() error {
	return s.sequential(func(buf []byte, at int64) error {
		if _, err := s.f.ReadAt(buf, at); err != nil {
			return err
		}
		for i := 0; i < len(buf); i += array.BlockSize {
			if err := s.verifyBlock(buf[i:][:array.BlockSize], at+int64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// verifyBlock fails unless a block is what was written to its place last.
func (s *stamped) verifyBlock(block []byte, at int64) error {
	content, generation := s.expected(at)
	where, when := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
	if where != uint64(at) || when != generation || !bytes.Equal(block[16:], content[16:]) {
		return fmt.Errorf("the block at byte %d is not what was written: it is of %d, writing %d instead of %d", at, where, when, generation)
	}
	return nil
}
