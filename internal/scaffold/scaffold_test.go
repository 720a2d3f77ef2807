// SPDX-License-Identifier: BSD-3-Clause

package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestNames(t *testing.T) {
	byName := map[string]Kind{}
	for _, k := range Kinds {
		byName[k.Name] = k
	}
	for _, c := range []struct {
		kind, name string
		good       bool
	}{
		{"check", "R8-foo", true}, {"check", "R8-is-ENXIO", true},
		{"check", "R8", false}, {"check", "R8-", false}, {"check", "R08-foo", false}, {"check", "foo", false},
		{"check", "R8-foo/bar", false}, {"check", "R8-../../foo", false}, {"check", "R8-foo bar", false}, {"check", "", false},
		{"window", "W19", true}, {"window", "W19b", true}, {"window", "W", false}, {"window", "W19bb", false}, {"window", "w19", false},
		{"case", "stop", true}, {"case", "stop-twice", true}, {"case", "Stop", false}, {"case", "stop_linux", false},
		{"case", "stop-", false}, {"case", "raid1/stop", false}, {"case", "../stop", false},
	} {
		t.Run(c.kind+" "+c.name, func(t *testing.T) {
			root, kind := t.TempDir(), byName[c.kind]
			if err := os.MkdirAll(filepath.Join(root, kind.folder), 0o755); err != nil {
				t.Fatal(err)
			}
			path, _, err := kind.New(root, c.name)
			if !c.good {
				if !errors.Is(err, ErrName) {
					t.Errorf("accepted: %v", err)
				}
				return
			}
			if err != nil || path != filepath.Join(kind.folder, c.name+kind.ending) {
				t.Errorf("%s, %v", path, err)
			}
		})
	}
}

func TestExamplesAreNames(t *testing.T) {
	for _, k := range Kinds {
		if !k.name.MatchString(k.Example) {
			t.Errorf("a %s cannot be called %s, which the help has as an example", k.Name, k.Example)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for name, want := range map[string]string{"R8-foo-bar": "r8FooBar", "R19-is-ENXIO": "r19IsENXIO", "stop": "stop", "stop-twice": "stopTwice"} {
		if got := identifier(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
