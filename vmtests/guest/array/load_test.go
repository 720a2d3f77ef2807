// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLoad: a load reads and writes, and finds a block that is not what it has written there.
func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, make([]byte, 64*BlockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	a := Array{Device: filepath.Base(file), host: fileHost{dir: filepath.Dir(file)}, Rand: rand.New(rand.NewPCG(1, 2))}
	l := a.StartLoad(64)
	for begin := time.Now(); l.ops.Load() < 100 && time.Since(begin) < time.Minute; {
		time.Sleep(time.Millisecond)
	}
	if ops, err := l.End(); err != nil || ops < 100 {
		t.Fatalf("%d reads and writes, %v", ops, err)
	}
	f, err := OpenDirect(file, os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	overwrite(t, file, 0, make([]byte, 10))
	buf := Aligned(BlockSize)
	written := []uint64{1} // of thread 0: block 0
	if err := l.verify(f, buf, 0, written); err == nil || !strings.Contains(err.Error(), "block 0, writing 1, in the end: it is no block of ours") {
		t.Errorf("%v", err)
	}
}

// TestBlockIO: the first reads that fail are named, and all are counted.
func TestBlockIO(t *testing.T) {
	var all BlockIO
	for _, err := range []error{nil, errors.New("is block 7"), errors.New("is torn")} {
		all = append(all, Begin("a read", func() error { return err }))
	}
	if err := all.End(); err == nil || err.Error() != "2 of 3 are wrong: a read: is block 7; a read: is torn" {
		t.Errorf("%v", err)
	}
	if err := all[:1].End(); err != nil {
		t.Errorf("none is wrong, but %v", err)
	}
}

// TestThreadState: a thread's state is what follows its name, whatever is in that.
func TestThreadState(t *testing.T) {
	if got := threadState(int64(os.Getpid())); got == "" || len(got) != 1 {
		t.Errorf("this process is %q", got)
	}
	if got := threadState(0); got != "" {
		t.Errorf("process 0 is %q", got)
	}
}
