// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// Opens that fail leave no reference (R15).
func init() {
	register(failures,
		check{"R15-claimed", "R15", failClaimed},
		check{"R15-permission", "R15", failPermission},
		check{"R15-killed", "R15", failKilled},
		check{"R15-no-memory", "R15", failNoMemory},
	)
}

func failClaimed(e *env) (string, error) {
	d, fd, err := e.freshConfigured()
	if err != nil {
		return "", err
	}
	holder, err := d.open(unix.O_RDONLY | unix.O_EXCL)
	if err != nil {
		return "", err
	}
	for range 20 {
		_, err := d.open(unix.O_RDONLY | unix.O_EXCL)
		if err := want("a second O_EXCL open", err, unix.EBUSY); err != nil {
			return "", err
		}
	}
	e.close(holder)
	if err := d.removable(fd); err != nil {
		return "", err
	}
	return "20 opens failed at the O_EXCL claim with EBUSY and left no reference", nil
}

func failPermission(e *env) (string, error) {
	missing, err := e.fresh()
	if err != nil {
		return "", err
	}
	present, fd, err := e.freshConfigured()
	if err != nil {
		return "", err
	}
	err = within(returnTime, "an open without permission", func() error {
		// The thread ends with its file system identity, which root's rights to
		// files go with.
		if err := unix.Setfsuid(65534); err != nil {
			return fmt.Errorf("setfsuid: %w", err)
		}
		for _, d := range []*disk{missing, present} {
			_, err := d.open(unix.O_RDWR)
			if err := want("an open of "+d.name+" without permission", err, unix.EACCES); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if md.Exists(missing.name) {
		return "", fmt.Errorf("an open without permission has made %s", missing.name)
	}
	if err := present.removable(fd); err != nil {
		return "", err
	}
	return "opens without permission got EACCES, made no device and left no reference", nil
}

// OpenerArg is the argument that makes this program open and close a device
// until it is killed.
const OpenerArg = "opener"

// Opener opens and closes the device node args[0] until it is killed.
func Opener(args []string) error {
	if len(args) != 1 {
		return errors.New("one device node is wanted")
	}
	for {
		if fd, err := md.Open(args[0], unix.O_RDWR); err == nil {
			unix.Close(fd)
		}
	}
}

func failKilled(e *env) (string, error) {
	const times = 10
	d, err := e.fresh()
	if err != nil {
		return "", err
	}
	for i := range times {
		opener := exec.Command("/proc/self/exe", OpenerArg, d.node)
		if err := opener.Start(); err != nil {
			return "", fmt.Errorf("start an opener: %w", err)
		}
		end := time.Now().Add(time.Duration(5+i) * time.Millisecond)
		for err == nil && time.Now().Before(end) {
			err = d.life()
		}
		_ = opener.Process.Kill()
		_ = opener.Wait()
		if err != nil {
			return "", err
		}
	}
	fd, err := d.open(unix.O_RDWR)
	if err != nil {
		return "", err
	}
	if err := d.removable(fd); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d openers, killed while they raced with stops, left no reference", times), nil
}

const failslab = "/sys/kernel/debug/failslab/"

// failNoMemory fails each allocation of an open in turn (CONFIG_FAILSLAB, see
// kernel/config/core.config).
func failNoMemory(e *env) (string, error) {
	if _, err := os.Stat(failslab); err != nil {
		return "", fmt.Errorf("the kernel cannot fail allocations (CONFIG_FAILSLAB): %w", err)
	}
	for name, value := range map[string]string{"ignore-gfp-wait": "N", "cache-filter": "N", "task-filter": "N", "verbose": "0"} {
		if err := os.WriteFile(failslab+name, []byte(value), 0); err != nil {
			return "", err
		}
	}
	defer func() { _ = os.WriteFile(failslab+"ignore-gfp-wait", []byte("Y"), 0) }()
	expediteRCU(true)
	defer expediteRCU(false)
	injected, failed := 0, 0
	for n := 1; n < 2000; n++ {
		d, err := e.freshAgain()
		if err != nil {
			return "", err
		}
		hit, openErr, err := d.openFailing(n)
		if err != nil {
			return "", err
		}
		if md.Exists(d.name) {
			if err := md.Remove(d.name, goneLimit); err != nil {
				return "", fmt.Errorf("open with allocation %d failing (%s): %w", n, md.ErrnoName(openErr), err)
			}
		}
		if openErr != nil {
			failed++
		}
		if !hit {
			return fmt.Sprintf("%d allocations of an open failed in turn; %d of these opens failed; no device stayed", injected, failed), nil
		}
		injected++
	}
	return "", errors.New("2000 allocations of an open have been failed and there is no end")
}

// freshAgain reuses one number, which is gone after each use.
func (e *env) freshAgain() (*disk, error) {
	return e.disk(machine.ReusedMinor.Name(), machine.ReusedMinor.First)
}

// openFailing opens and closes the device while the thread's n-th allocation
// fails, and reports whether one did.
func (d *disk) openFailing(n int) (hit bool, openErr, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	nth := fmt.Sprintf("/proc/self/task/%d/fail-nth", unix.Gettid())
	f, err := os.OpenFile(nth, os.O_RDWR, 0)
	if err != nil {
		return false, nil, err
	}
	defer f.Close()
	if _, err := f.WriteString(strconv.Itoa(n)); err != nil {
		return false, nil, err
	}
	fd, openErr := md.Open(d.node, unix.O_RDWR)
	if openErr == nil {
		unix.Close(fd)
	}
	buf := make([]byte, 16)
	m, err := f.ReadAt(buf, 0)
	if m == 0 {
		return false, openErr, err
	}
	hit = strings.TrimSpace(string(buf[:m])) == "0"
	_, err = f.WriteAt([]byte("0"), 0)
	return hit, openErr, err
}
