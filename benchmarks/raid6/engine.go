// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/ebitengine/purego"
)

// op numbers of engine.c
const (
	opGen = iota
	opXor
	opData2
	opDataP
	opISALGen
	opISALData2
	opBareGen
	opBareXor
	opBareData2
	opMemcpy
)

// job is engine.c's struct r6_job.
type job struct {
	op                     int64
	fn                     uintptr
	disks, bytes           int64
	start, stop            int64
	tables                 unsafe.Pointer
	ptrs                   unsafe.Pointer
	stripes, first, number int64
}

// algo and recov are r6.h's struct r6_algo and r6_recov.
type algo struct {
	name            *byte
	gen, xor        uintptr
	valid, priority int32
}

type recov struct {
	name            *byte
	data2, datap    uintptr
	valid, priority int32
}

// library is one build of the kernel's code.
type library struct {
	algos  []algo
	recovs []recov
	use    func(gen uintptr) // which algorithm recovery of the old kind calls
}

// engine is everything that can be called.
type engine struct {
	stock, patched library
	batch          func(j unsafe.Pointer) uint64
	hasBare        bool
	pqGen          uintptr // ISA-L's; 0 if there is none
	ecEncode       uintptr
	ecTables       func(sources, rows int32, coefficients, tables unsafe.Pointer)
	missing        []Missing
}

// Missing is a variant that this machine cannot run.
type Missing struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

func goString(p *byte) string {
	if p == nil {
		return ""
	}
	return string(unsafe.Slice(p, cString(p)))
}

func cString(p *byte) (n int) {
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return n
}

func openLibrary(path string) (l library, err error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return l, fmt.Errorf("loading what was just compiled: %w", err)
	}
	var algos func() *algo
	var recovs func() *recov
	purego.RegisterLibFunc(&algos, h, "r6_algos")
	purego.RegisterLibFunc(&recovs, h, "r6_recovs")
	purego.RegisterLibFunc(&l.use, h, "r6_use")
	for a := algos(); a.name != nil; a = (*algo)(unsafe.Add(unsafe.Pointer(a), unsafe.Sizeof(*a))) {
		l.algos = append(l.algos, *a)
	}
	for r := recovs(); r.name != nil; r = (*recov)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r))) {
		l.recovs = append(l.recovs, *r)
	}
	return l, nil
}

func openEngine(paths libs) (*engine, error) {
	e := &engine{}
	var err error
	if e.stock, err = openLibrary(paths.stock); err != nil {
		return nil, err
	}
	if e.patched, err = openLibrary(paths.patched); err != nil {
		return nil, err
	}
	h, err := purego.Dlopen(paths.engine, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	purego.RegisterLibFunc(&e.batch, h, "r6_batch")
	var hasBare func() int32
	purego.RegisterLibFunc(&hasBare, h, "r6_has_bare")
	e.hasBare = hasBare() != 0
	if !e.hasBare {
		e.miss("xor-only", "this CPU has no AVX-512")
	}
	e.openISAL()
	return e, nil
}

func (e *engine) miss(name, why string) {
	if !slices.Contains(e.missing, Missing{name, why}) {
		e.missing = append(e.missing, Missing{name, why})
	}
}

// openISAL loads Intel's library, which is no part of the kernel and may be absent.
func (e *engine) openISAL() {
	h, err := purego.Dlopen("libisal.so.2", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		e.miss("isa-l", "not installed (apt-get install libisal2)")
		return
	}
	e.pqGen, _ = purego.Dlsym(h, "pq_gen")
	e.ecEncode, _ = purego.Dlsym(h, "ec_encode_data")
	purego.RegisterLibFunc(&e.ecTables, h, "ec_init_tables")
}

// candidates are the algorithms among which the kernel chooses: the valid ones of
// the highest priority.
func candidates(algos []algo) []algo {
	var valid []algo
	for _, a := range algos {
		if a.valid != 0 {
			valid = append(valid, a)
		}
	}
	top := slices.MaxFunc(valid, func(a, b algo) int { return cmp.Compare(a.priority, b.priority) }).priority
	return slices.DeleteFunc(valid, func(a algo) bool { return a.priority != top })
}

// How the stock kernel chooses, and how often we let it.
const (
	pickDisks  = 8
	pickNanos  = 16 * 4e6 // 16 jiffies of 4 ms
	stockPicks = 9
)

// stockPicks chooses as the stock kernel does at boot: the algorithm that calls
// gen_syndrome most often in 16 jiffies on one stripe of 6+2 pages. We take CPU
// time, so that other processes have no say.
func (e *engine) stockPicks() []string {
	mem := make([]byte, (pickDisks+1)*4096)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range mem {
		mem[i] = byte(rng.Uint32())
	}
	at := alignUp(uintptr(unsafe.Pointer(&mem[0])), 4096) - uintptr(unsafe.Pointer(&mem[0]))
	var ptrs [pickDisks]unsafe.Pointer
	for z := range ptrs {
		ptrs[z] = unsafe.Pointer(&mem[at+uintptr(z)*4096])
	}
	var picks []string
	for range stockPicks {
		best, most := "", 0.0
		for _, a := range candidates(e.stock.algos) {
			if rate := e.rate(a, unsafe.Pointer(&ptrs)); rate > most {
				best, most = goString(a.name), rate
			}
		}
		picks = append(picks, best)
	}
	return picks
}

// rate is calls of gen_syndrome per nanosecond, over at least pickNanos.
func (e *engine) rate(a algo, ptrs unsafe.Pointer) float64 {
	j := job{op: opGen, fn: a.gen, disks: pickDisks, bytes: 4096, ptrs: ptrs, stripes: 1, number: 500}
	var calls, took uint64
	for took < pickNanos {
		took += e.batch(unsafe.Pointer(&j))
		calls += uint64(j.number)
	}
	return float64(calls) / float64(took)
}

func alignUp(n, to uintptr) uintptr { return (n + to - 1) &^ (to - 1) }

// mostFrequent returns the name that occurs most often, the first of equals.
func mostFrequent(names []string) string {
	count := map[string]int{}
	best := names[0]
	for _, n := range names {
		if count[n]++; count[n] > count[best] {
			best = n
		}
	}
	return best
}
