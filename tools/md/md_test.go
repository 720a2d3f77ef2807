// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestErrnoName(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "ok"},
		{unix.ENXIO, "ENXIO"},
		{fmt.Errorf("open md0: %w", unix.ENODEV), "ENODEV"},
		{unix.Errno(524), "errno 524"}, // an internal code that leaked
		{errors.New("no errno"), "no errno"},
	} {
		if got := ErrnoName(c.err); got != c.want {
			t.Errorf("%v: %q instead of %q", c.err, got, c.want)
		}
	}
}

const mdstat = `Personalities : [raid1]
md0 : active raid1 ram1[1] ram0[0]
      16384 blocks super non-persistent [2/2] [UU]

md_home : inactive ram2[0](S)

unused devices: <none>
`

const partitions = `major minor  #blocks  name

   1        0      65536 ram0
   9        0      16384 md0
`

func TestColumnHas(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		text string
		col  int
		word string
		want bool
	}{
		{mdstat, 0, "md0", true}, {mdstat, 0, "md_home", true}, {mdstat, 0, "md", false},
		{mdstat, 0, "md_h", false}, {mdstat, 0, "raid1", false},
		{partitions, 3, "md0", true}, {partitions, 3, "md", false}, {partitions, 3, "md00", false},
		{partitions, 9, "md0", false}, {"", 0, "md0", false},
	} {
		path := filepath.Join(dir, "table")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := columnHas(path, c.col, c.word)
		if err != nil || got != c.want {
			t.Errorf("%q in column %d of %.20q…: %v, %v instead of %v", c.word, c.col, c.text, got, err, c.want)
		}
	}
	if _, err := columnHas(filepath.Join(dir, "missing"), 0, "md0"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing table: %v", err)
	}
}

func TestWaits(t *testing.T) {
	// A device that every Linux has for as long as it runs would do; "." is one.
	for name, wait := range map[string]func(string, time.Duration) bool{"WaitGone": WaitGone, "SpinGone": SpinGone} {
		if !wait("no-such-device", time.Minute) {
			t.Errorf("%s: a missing device is not gone", name)
		}
		start := time.Now()
		if wait(".", 30*time.Millisecond) {
			t.Errorf("%s: a present device is gone", name)
		}
		if took := time.Since(start); took < 30*time.Millisecond || took > 5*time.Second {
			t.Errorf("%s: gave up after %v instead of 30ms", name, took)
		}
	}
}

func TestArrayInfo(t *testing.T) {
	for _, c := range []struct {
		array Array
		want  int32
	}{
		{Array{}, 2},
		{Array{Members: make([]DiskInfo, 3)}, 3},
		{Array{Members: make([]DiskInfo, 1), Disks: 2}, 2},
	} {
		info := c.array.Info()
		if info.RaidDisks != c.want || info.NrDisks != c.want {
			t.Errorf("%+v: made for %d disks instead of %d", c.array, info.RaidDisks, c.want)
		}
		if info.Level != 1 || info.NotPersistent != 1 || info.State&StateClean == 0 {
			t.Errorf("%+v: not a raid1 in sync without superblocks: %+v", c.array, info)
		}
	}
}

func TestRaid1NamesTheMissingMember(t *testing.T) {
	_, err := Raid1("/dev/null")
	if err == nil || !strings.Contains(err.Error(), "/dev/null: not a block device") {
		t.Errorf("a character device as a member: %v", err)
	}
	_, err = Raid1("/no/such/ram0")
	if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "/no/such/ram0") {
		t.Errorf("a missing member: %v", err)
	}
}

// TestOnThread: signals are blocked there, not on the caller's thread, and f's error comes back.
func TestOnThread(t *testing.T) {
	blocked := func() error {
		var mask unix.Sigset_t
		err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask)
		if err == nil && mask.Val[0]>>(unix.SIGURG-1)&1 == 0 {
			err = errors.New("SIGURG is not blocked")
		}
		return err
	}
	if err := OnThread(blocked); err != nil {
		t.Error(err)
	}
	if err := blocked(); err == nil {
		t.Error("SIGURG is blocked on the caller's thread, too")
	}
	if err := OnThread(func() error { return unix.EIO }); err != unix.EIO {
		t.Errorf("f failed with EIO, OnThread returned %v", err)
	}
}
