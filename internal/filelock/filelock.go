// SPDX-License-Identifier: BSD-3-Clause

// Package filelock takes exclusive locks between processes with flock(2). The
// kernel drops such a lock when its holder dies, however it dies.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/progress"
)

// poll is the time between two attempts: flock cannot be both waited for and
// cancelled, so waiting means asking again.
const poll = 50 * time.Millisecond

// Lock is a held lock.
type Lock struct{ file *os.File }

// Acquire waits until this process alone holds the lock file at path, which it
// creates with its directory if needed, or until ctx ends. A wait is shown as
// a phase of track, which may be nil.
func Acquire(ctx context.Context, path string, track *progress.Tracker) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	held, err := try(f)
	if err == nil && !held {
		phase := track.Start("wait for another run")
		err = wait(ctx, f)
		phase.End(err)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return &Lock{f}, nil
}

// wait tries again until the lock is held.
func wait(ctx context.Context, f *os.File) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
		if held, err := try(f); held || err != nil {
			return err
		}
	}
}

// try takes the lock unless somebody else holds it.
func try(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return err == nil, err
}

// Release gives the lock back. The lock file stays: removing it would let two
// processes hold locks on two files of one name.
func (l *Lock) Release() error { return l.file.Close() }
