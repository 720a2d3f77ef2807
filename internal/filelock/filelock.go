// SPDX-License-Identifier: BSD-3-Clause

// Package filelock takes exclusive locks between processes with flock(2), and
// shows the user that it waits. The kernel drops such a lock when its holder
// dies, however it dies.
package filelock

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"mdlife/internal/progress"
)

// poll is the time between two attempts.
const poll = 50 * time.Millisecond

// Acquire waits until this process alone holds the lock file at path, which it
// creates with its directory if needed, or until ctx ends. A wait is shown as
// a phase of track, which may be nil. To release the lock, close it. The file
// stays: removing it would let two processes hold locks on two files of one name.
func Acquire(ctx context.Context, path string, track *progress.Tracker) (*flock.Flock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o644))
	held, err := lock.TryLock()
	if err == nil && !held {
		phase := track.Start("wait for another run")
		_, err = lock.TryLockContext(ctx, poll)
		phase.End(err)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return lock, nil
}
