// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mdlife/internal/proc"
	"mdlife/internal/progress"
)

// deadArchive puts an apt-get first on the PATH that reaches no archive.
func deadArchive(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'E: Could not resolve deb.debian.org' >&2\nexit 100\n"
	if err := os.WriteFile(filepath.Join(dir, "apt-get"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// TestDeadArchive: what has been fetched before stays usable, a base that moves
// says that it could not be fetched, and one that does not move just fails.
func TestDeadArchive(t *testing.T) {
	deadArchive(t)
	var out bytes.Buffer
	req := Request{
		Base:     Base{Name: "fake", Suites: []string{"sid"}, Package: "linux-source-*", Moving: true},
		CacheDir: t.TempDir(), Jobs: 1, Progress: progress.New(t.Context(), &out),
	}
	if _, err := req.source(t.Context()); !errors.Is(err, ErrNotFetched) || !strings.Contains(err.Error(), "could not be fetched") {
		t.Errorf("a moving base: %v", err)
	}
	req.Base.Moving = false
	if _, err := req.source(t.Context()); err == nil || errors.Is(err, ErrNotFetched) {
		t.Errorf("a base that does not move: %v", err)
	}

	const id = "linux-source-7.2_7.2.1-1"
	writeFiles(t, req.CacheDir, map[string]string{filepath.Join("src", id, "Makefile"): "VERSION = 7\n"})
	if err := writeWhole(req.answerFile(), []byte(id)); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * askAgain)
	if err := os.Chtimes(req.answerFile(), long, long); err != nil {
		t.Fatal(err)
	}
	src, err := req.source(t.Context())
	if err != nil || src.id != id || !strings.Contains(out.String(), "no newer linux-source-* could be asked for, so "+id) {
		t.Errorf("with %s in the cache: %+v, %v, and said %q", id, src, err, out.String())
	}
}

// TestMissingAptIsNoDeadArchive: what the user can mend must not pass for a skip.
func TestMissingAptIsNoDeadArchive(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	req := Request{Base: Base{Name: "fake", Suites: []string{"sid"}, Package: "linux-source-*", Moving: true}, CacheDir: t.TempDir()}
	if _, err := req.source(t.Context()); errors.Is(err, ErrNotFetched) || !errors.As(err, new(*proc.MissingError)) {
		t.Errorf("without apt-get: %v", err)
	}
}

func TestModules(t *testing.T) {
	r := Result{Dir: t.TempDir()}
	if files, err := r.Modules(); err != nil || len(files) != 0 {
		t.Errorf("a kernel without modules: %q, %v", files, err)
	}
	writeFiles(t, r.Dir, map[string]string{
		"modules/racepoint.ko": "", "modules/lib/modules/6.1/kernel/md/raid1.ko": "",
		"modules/lib/modules/6.1/kernel/md/md-mod.ko": "", "modules/lib/modules/6.1/modules.dep": "",
	})
	files, err := r.Modules()
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	if err != nil || !slices.Equal(files, []string{"md-mod.ko", "raid1.ko"}) {
		t.Errorf("got %q, %v", files, err)
	}
}
