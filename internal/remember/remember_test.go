// SPDX-License-Identifier: BSD-3-Clause

package remember

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestOnce(t *testing.T) {
	m := Open(t.TempDir())
	boom := errors.New("boom")
	for _, step := range []struct {
		name       string
		m          Memory
		kind       string
		parts      []string
		fails      error
		remembered bool
	}{
		{"fails", m, "boot", []string{"a", "b"}, boom, false},
		{"a failure is not remembered", m, "boot", []string{"a", "b"}, nil, false},
		{"again", m, "boot", []string{"a", "b"}, boom, true},
		{"another kind", m, "build", []string{"a", "b"}, nil, false},
		{"another part", m, "boot", []string{"a", "c"}, nil, false},
		{"the same letters in other parts", m, "boot", []string{"ab"}, nil, false},
		{"one part less", m, "boot", []string{"a"}, nil, false},
		{"no memory", Memory{}, "boot", []string{"a", "b"}, nil, false},
	} {
		ran := false
		remembered, err := step.m.Once(step.kind, step.parts, func() error { ran = true; return step.fails })
		if remembered != step.remembered || ran == step.remembered || !step.remembered && !errors.Is(err, step.fails) {
			t.Errorf("%s: remembered %v, ran %v, error %v", step.name, remembered, ran, err)
		}
	}
}

func TestUnusedIsForgotten(t *testing.T) {
	m := Open(t.TempDir())
	pass := func() error { return nil }
	for _, part := range []string{"used", "unused"} {
		if _, err := m.Once("boot", []string{part}, pass); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"used", "unused"} {
		old := time.Now().Add(-2 * keepFor)
		if err := os.Chtimes(m.file("boot", []string{part}), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for part, want := range map[string]bool{"used": true, "new": false} {
		if got, err := m.Once("boot", []string{part}, pass); got != want || err != nil {
			t.Errorf("%s: remembered %v, %v", part, got, err)
		}
	}
	m.prune()
	if remembered, _ := m.Once("boot", []string{"used"}, pass); !remembered {
		t.Error("what is used was forgotten")
	}
	if remembered, _ := m.Once("boot", []string{"unused"}, pass); remembered {
		t.Error("what nobody uses is remembered for ever")
	}
}
