// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
)

// TestPlaceFollowsStates: the tree is what the state says, the source stays as it was, and a run
// that was killed in some state is cleaned up after.
func TestPlaceFollowsStates(t *testing.T) {
	source, o := filepath.Join(t.TempDir(), "source"), Options{CacheDir: t.TempDir()}
	faketree.Write(t, source, map[string]string{"a.c": "a", "d/b.c": "b"})
	p, err := openPlace(t.Context(), source, o)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		var got []string
		for _, name := range []string{"a.c", "d/b.c", "e/new.c"} {
			text, err := os.ReadFile(filepath.Join(p.src(), name))
			if err != nil {
				text = []byte("-")
			}
			got = append(got, string(text))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	for _, step := range []struct {
		state series.State
		want  string
	}{
		{series.State{"a.c": []byte("A"), "e/new.c": []byte("N")}, "A b N"},
		{series.State{"a.c": []byte("A"), "d/b.c": nil}, "A - -"},
		{series.State{}, "a b -"},
		{series.State{"a.c": nil, "d/b.c": []byte("B"), "e/new.c": []byte("N")}, "- B N"},
	} {
		if err := p.become(step.state); err != nil {
			t.Fatal(err)
		}
		expect(step.want)
	}
	p.close() // as it stands
	if p, err = openPlace(t.Context(), source, o); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	expect("a b -")
	for name, want := range map[string]string{"a.c": "a", "d/b.c": "b"} {
		if text, err := os.ReadFile(filepath.Join(source, name)); err != nil || string(text) != want {
			t.Errorf("the source's %s is %q, %v", name, text, err)
		}
	}
}
