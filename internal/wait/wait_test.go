// SPDX-License-Identifier: BSD-3-Clause

package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestUntil has conditions that come true at some time, never, or fail; the time is synctest's.
func TestUntil(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		after time.Duration // when the condition comes true
		fails time.Duration // when it fails, 0 for never
		ends  time.Duration // when the context ends, 0 for never
		want  error
		took  time.Duration
	}{
		{name: "at once"},
		{name: "later", after: 25 * time.Millisecond, took: 30 * time.Millisecond},
		{name: "with the limit", after: 95 * time.Millisecond, took: 95 * time.Millisecond},
		{name: "too late", after: 96 * time.Millisecond, want: ErrTimeout, took: 95 * time.Millisecond},
		{name: "fails", after: time.Hour, fails: 15 * time.Millisecond, want: broken, took: 20 * time.Millisecond},
		{name: "context ends", after: time.Hour, ends: 12 * time.Millisecond, want: context.Canceled, took: 12 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.ends > 0 {
					time.AfterFunc(c.ends, cancel)
				}
				start := time.Now()
				err := Until(ctx, 95*time.Millisecond, 10*time.Millisecond, func() (bool, error) {
					if c.fails > 0 && time.Since(start) >= c.fails {
						return false, broken
					}
					return time.Since(start) >= c.after, nil
				})
				if took := time.Since(start); !errors.Is(err, c.want) || took != c.took {
					t.Errorf("%v after %v, want %v after %v", err, took, c.want, c.took)
				}
			})
		})
	}
}

// TestUntilLate: a call that lasts longer than the limit is followed by a last one.
func TestUntilLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		err := Until(t.Context(), time.Second, time.Millisecond, func() (bool, error) {
			calls++
			time.Sleep(2 * time.Second)
			return calls == 2, nil
		})
		if err != nil || calls != 2 {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}
