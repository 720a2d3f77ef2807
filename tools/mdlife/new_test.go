// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/internal/scaffold"
)

// aNew begins a test in an empty tree, and returns its file and what was printed.
func aNew(t *testing.T, kind, name string) (root, path, printed string) {
	t.Helper()
	root = t.TempDir()
	for _, dir := range []string{"vmtests/guest/checks", "vmtests/guest/windows/scripts", "vmtests/guest/arrays"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	for _, k := range scaffold.Kinds {
		if k.Name != kind {
			continue
		}
		if err := begin(&out, k, root, name); err != nil {
			t.Fatal(err)
		}
	}
	path, _, found := strings.Cut(out.String(), " is new, and fails")
	if !found {
		t.Fatalf("%q", &out)
	}
	return root, path, out.String()
}

// TestNewFitsIn: the new file is vetted in the place where it will be, and the package's unit
// test that reads it finds nothing but that the lists do not have it yet.
func TestNewFitsIn(t *testing.T) {
	for _, c := range []struct {
		kind, name, path, test string
		wrong                  string // of the test's output, "" if it passes
	}{
		{"check", "R8-foo-bar", "vmtests/guest/checks/R8-foo-bar.go", "TestEveryCheckIsListed",
			"testdata/checks.txt does not list the check R8-foo-bar: add it"},
		{"window", "W99", "vmtests/guest/windows/scripts/W99.txt", "TestScriptsAreWellFormed", ""},
		{"case", "foo-bar", "vmtests/guest/arrays/foo-bar.go", "TestCases",
			`test case "raid1/foo-bar" is not in testdata/cases.txt`},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			root, path, _ := aNew(t, c.kind, c.name)
			if path != c.path {
				t.Fatalf("%s instead of %s", path, c.path)
			}
			out, err := overlaid(t, root, path, c.test)
			if (err != nil) != (c.wrong != "") || !strings.Contains(out, c.wrong) || strings.Contains(out, "build failed") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// overlaid runs a test of the new file's package, vetted, as if the file were in this repository.
func overlaid(t *testing.T, root, path, test string) (string, error) {
	t.Helper()
	here := repository(t)
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, path): filepath.Join(root, path)}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(root, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSuffix(filepath.Dir(path), "/scripts")
	cmd := proc.Command("go", "test", "-vet=all", "-overlay", overlay, "-run", "^"+test+"$", "./"+dir)
	cmd.Dir = here
	out, err := proc.Combined(t.Context(), cmd)
	return string(out), err
}

// TestNewSaysWhatIsNext: how to run it, and which list wants it.
func TestNewSaysWhatIsNext(t *testing.T) {
	for _, c := range []struct{ kind, name, run, list string }{
		{"check", "R8-foo", "mdlife run -tests R8-foo", "vmtests/guest/checks/testdata/checks.txt"},
		{"window", "W99", "mdlife windows -only W99", "docs/requirements.md: | W99 | not written yet |"},
		{"case", "foo", "mdlife arrays -only raid1/foo", "vmtests/guest/arrays/testdata/cases.txt"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			root, path, printed := aNew(t, c.kind, c.name)
			if !strings.Contains(printed, c.run+"\n") || !strings.Contains(printed, c.list) {
				t.Errorf("%s", printed)
			}
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil || !strings.Contains(string(text), "not written yet") {
				t.Errorf("it does not fail with \"not written yet\": %v\n%s", err, text)
			}
		})
	}
}

// TestNewRejects: names that are none, and names that are taken, by what the program knows.
func TestNewRejects(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"new check", "wants one name"},
		{"new check R8-a R8-b", "wants one name"},
		{"new check inert", `"inert" is not a name of a check: want the requirement`},
		{"new check R8", `"R8" is not a name of a check: want the requirement`},
		{"new check R8-inert", "whose name begins so"},
		{"new check R8-../x", "is not a name of a check"},
		{"new window 19", "want W, a number"},
		{"new window W3b", "there is a window W3b already"},
		{"new case Foo", "want words of small letters"},
		{"new case stop-reshape", "there is a case stop-reshape already"},
		{"new mutant foo", "unknown command"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), strings.Fields(c.args), &stdout, &stderr)
			if code != exitUsage || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("exit code %d: %s%s", code, &stdout, &stderr)
			}
		})
	}
}

// TestNewOverwritesNothing: a file that nobody has registered yet stays as it is, too.
func TestNewOverwritesNothing(t *testing.T) {
	root, path, _ := aNew(t, "check", "R8-foo")
	mine := []byte("mine\n")
	if err := os.WriteFile(filepath.Join(root, path), mine, 0o600); err != nil {
		t.Fatal(err)
	}
	err := begin(&bytes.Buffer{}, scaffold.Kinds[0], root, "R8-foo")
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || !bytes.Equal(got, mine) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNewOutsideTheRepository: where a new test would go is the user's to say, and so a mistake
// of theirs if it is nowhere.
func TestNewOutsideTheRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, kind := range scaffold.Kinds {
		line := "new " + kind.Name + " " + kind.Example
		if code, out, errs := runCLI(t, line); code != exitUsage || out != "" || !strings.Contains(errs, "not inside mdlife's repository") {
			t.Errorf("mdlife %s: exit %d, stdout %q, stderr %q; want exit 2", line, code, out, errs)
		}
	}
}
