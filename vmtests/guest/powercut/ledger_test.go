// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// TestAudit: an acknowledged block must be there; one that was being written may be of any
// writing since, or torn.
func TestAudit(t *testing.T) {
	const block = 3
	of := func(writing uint64) []byte {
		buf := make([]byte, array.BlockSize)
		array.Pattern{Generation: writing}.Fill(buf, block)
		return buf
	}
	torn := slices.Concat(of(3)[:512], of(2)[512:])
	changed := slices.Concat(of(2)[:512], of(1)[512:])
	for _, c := range []struct {
		name  string
		acked bool   // writing 2 was
		begun bool   // writing 3 was, but not acknowledged
		is    []byte // on the disk
		want  string // in the error, "" for none
	}{
		{"there", true, false, of(2), ""},
		{"lost", true, false, of(1), "acknowledged block 3 is of writing 1, not 2"},
		{"torn", true, false, changed, "acknowledged block 3 is torn"},
		{"gone", true, false, make([]byte, array.BlockSize), "acknowledged block 3 is no block of ours"},
		{"still the last", true, true, of(2), ""},
		{"already the next", true, true, of(3), ""},
		{"torn between both", true, true, torn, ""},
		{"older", true, true, of(1), "last acknowledged as writing 2, and written since as [3], is of writing 1, not 2"},
		{"nothing promised", false, true, of(1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger()
			l.open()
			l.last = 1
			if c.acked {
				l.end(block, l.begin(block))
			}
			if c.begun {
				l.begin(block)
			}
			err := l.audit(fileWith(t, block, c.is))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// fileWith returns a file that has a block in its place.
func fileWith(t *testing.T, block int64, is []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(is, block*array.BlockSize); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestClosedLedger: an fsync that returns when the power is going acknowledges nothing.
func TestClosedLedger(t *testing.T) {
	l := newLedger()
	l.open()
	writing := l.begin(1)
	l.close()
	l.end(1, writing)
	if l.acked != 0 || l.fresh || len(l.begun[1]) != 1 {
		t.Errorf("%d acknowledged, fresh: %t, begun: %v", l.acked, l.fresh, l.begun)
	}
}

// TestWaitForAck: without an acknowledgement there would be nothing to lose.
func TestWaitForAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		l.open()
		if err := l.waitForAck(t.Context()); err == nil || !strings.Contains(err.Error(), "no write was acknowledged") {
			t.Errorf("none: %v", err)
		}
		l.end(1, l.begin(1))
		if err := l.waitForAck(t.Context()); err != nil {
			t.Errorf("one: %v", err)
		}
	})
}

// TestKeepWriting: a writer writes its own blocks until an error, and each is in the ledger.
func TestKeepWriting(t *testing.T) {
	file := fileWith(t, 2*writerSpan, make([]byte, array.BlockSize))
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	l.open()
	limit := before
	limit.Cur = (writerSpan + 5) * array.BlockSize // the power goes at the sixth block
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	err := l.keepWriting(file, 1)
	if undo := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil || undo != nil {
		t.Fatal(err, undo)
	}
	if l.acked != 5 || len(l.begun[writerSpan+5]) != 1 {
		t.Errorf("%d acknowledged, want 5, and one begun: %v", l.acked, l.begun)
	}
	if err := l.audit(file); err != nil {
		t.Error(err)
	}
}
