// SPDX-License-Identifier: BSD-3-Clause

package filelock

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mdlife/internal/progress"
)

func TestAcquire(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "new", "lock")
	first, err := Acquire(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := first.TryLock(); err != nil || !again {
		t.Fatalf("the lock is not held: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 3*poll)
	defer cancel()
	if _, err := Acquire(short, path, nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path) {
		t.Errorf("a lock that somebody holds: %v", err)
	}

	var shown bytes.Buffer
	got := make(chan error)
	go func() {
		second, err := Acquire(t.Context(), path, progress.New(t.Context(), &shown))
		if err == nil {
			err = second.Close()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("two hold the lock: %v", err)
	case <-time.After(3 * poll):
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("after the release: %v", err)
	}
	if !strings.Contains(shown.String(), "wait for another run") {
		t.Errorf("the user was shown %q", shown.String())
	}
}

func TestAcquireWithoutALockFile(t *testing.T) {
	dir := t.TempDir() // cannot be opened for writing
	if _, err := Acquire(t.Context(), filepath.Join(dir, "x\x00"), nil); err == nil {
		t.Error("a name that cannot be was locked")
	}
}
