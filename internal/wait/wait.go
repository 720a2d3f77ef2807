// SPDX-License-Identifier: BSD-3-Clause

// Package wait polls for a condition until a deadline.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTimeout is what the error of [Until] wraps when the condition did not come true in time.
var ErrTimeout = errors.New("timed out")

// Until calls done until it reports true, and sleeps for every between two calls. done is
// called at least once, and once more when limit is over: a caller that is scheduled late
// must not miss a condition that came true in time. An error from done ends the wait and is
// returned as it is. When limit is over the error wraps [ErrTimeout]; when ctx ends before,
// the error is the cause of that.
func Until(ctx context.Context, limit, every time.Duration, done func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		left := time.Until(deadline) // before the call: the last one begins after the deadline
		if ok, err := done(); ok || err != nil {
			return err
		}
		if left <= 0 {
			return fmt.Errorf("%w after %v", ErrTimeout, limit)
		}
		if err := sleep(ctx, min(every, left)); err != nil {
			return err
		}
	}
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
