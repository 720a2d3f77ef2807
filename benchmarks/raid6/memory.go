// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"fmt"
	"math/rand/v2"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is one large area, in huge pages as the kernel's own mapping is.
type memory struct {
	all     []byte
	l2, l3  int
	pointer []byte // the stripes' pointers
}

// How much memory the stripes of a regime take, in all.
func (m *memory) l3Pool() int   { return min(8*m.l2, m.l3/2) }
func (m *memory) dataPool() int { return m.l2 / 2 }

// dataEnd is where the data of cold parity's stripes ends.
func (m *memory) dataEnd(cell Cell) int { return max(m.dataPool(), cell.Width*cell.Bytes) }

// maxStripes bounds the pointers of a regime.
const maxStripes = 1 << 18

// newMemory takes four times the last-level cache, so that a stripe has left it
// when its turn comes again.
func newMemory(m Machine) (*memory, error) {
	size := max(4*m.L3Bytes, 512<<20)
	if size > m.FreeBytes/2 {
		return nil, fmt.Errorf("the stripes want %d MiB, four times the last-level cache, and %d are free: too few",
			size>>20, m.FreeBytes>>20)
	}
	size = size &^ (2<<20 - 1)
	all, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("memory for the stripes: %w", err)
	}
	unix.Madvise(all, unix.MADV_HUGEPAGE) // without them it is slower for all alike
	rng := rand.New(rand.NewPCG(3, 4))
	for i := 0; i < len(all); i += 8 {
		*(*uint64)(unsafe.Pointer(&all[i])) = rng.Uint64()
	}
	pointer, err := unix.Mmap(-1, 0, maxStripes*20*8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("memory for pointers: %w", err)
	}
	return &memory{all: all, l2: m.L2Bytes, l3: m.L3Bytes, pointer: pointer}, nil
}

func (m *memory) free() {
	unix.Munmap(m.all)
	unix.Munmap(m.pointer)
}

// stripes are what the calls of a cell take in turn.
type stripes struct {
	n     int
	ptrs  unsafe.Pointer // n times one pointer for each disk
	warm  int            // how many calls bring the memory to where the regime has it
	disks int
	data  int // how many stripes' data there is, for cold parity
}

// stripes lays a cell's stripes out, in random order.
func (m *memory) stripes(cell Cell, rng *rand.Rand) *stripes {
	disks := cell.Width + 2
	size := disks * cell.Bytes
	s := &stripes{ptrs: unsafe.Pointer(&m.pointer[0]), disks: disks}
	switch cell.Regime {
	case Hot:
		s.n, s.warm = 1, 8
	case L3:
		s.n = max(m.l3Pool()/size, 2)
		s.warm = s.n
	case DRAM:
		s.n, s.warm = min(len(m.all)/size, maxStripes), m.l2/size+2 // others' dirty lines are written back
	case ColdParity:
		s.n = min((len(m.all)-m.dataEnd(cell))/(2*cell.Bytes), maxStripes)
		s.data = max(m.dataPool()/(cell.Width*cell.Bytes), 1)
		s.warm = max(s.data, m.l2/(2*cell.Bytes))
	}
	table := unsafe.Slice((*uintptr)(s.ptrs), s.n*disks)
	base := uintptr(unsafe.Pointer(&m.all[0]))
	for i, place := range rng.Perm(s.n) {
		for z := range disks {
			table[i*disks+z] = base + uintptr(m.offset(cell, i, place, z, s.data))
		}
	}
	return s
}

// offset is where disk z of a stripe lies.
func (m *memory) offset(cell Cell, i, place, z, data int) int {
	if cell.Regime != ColdParity {
		return (place*(cell.Width+2) + z) * cell.Bytes
	}
	if z < cell.Width { // few stripes of data, in turn
		return (i%data*cell.Width + z) * cell.Bytes
	}
	return m.dataEnd(cell) + (place*2+z-cell.Width)*cell.Bytes
}

// shards fills in the slices of stripe i for Go.
func (s *stripes) shards(i int, cell Cell, out [][]byte) {
	table := unsafe.Slice((*unsafe.Pointer)(s.ptrs), s.n*s.disks)
	for z := range out {
		out[z] = unsafe.Slice((*byte)(table[i*s.disks+z]), cell.Bytes)
	}
}
