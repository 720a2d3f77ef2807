// SPDX-License-Identifier: BSD-3-Clause

package source

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/internal/checksum"
	"mdlife/internal/proc"
	"mdlife/internal/progress"
	"mdlife/kernel/internal/faketree"
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
	c := Cache{Dir: t.TempDir(), Progress: progress.New(t.Context(), &out)}
	o := Origin{Name: "fake", Suites: []string{"sid"}, Package: "linux-source-*", Moving: true}
	if _, err := c.Get(t.Context(), o); !errors.Is(err, ErrNotFetched) || !strings.Contains(err.Error(), "could not be fetched") {
		t.Errorf("a moving base: %v", err)
	}
	o.Moving = false
	if _, err := c.Get(t.Context(), o); err == nil || errors.Is(err, ErrNotFetched) {
		t.Errorf("a base that does not move: %v", err)
	}

	const id = "linux-source-7.2_7.2.1-1"
	faketree.Write(t, c.Dir, map[string]string{filepath.Join("src", id, "Makefile"): "VERSION = 7\n"})
	if err := atomicfile.WriteBytes(c.answerFile(o), []byte(id)); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * askAgain)
	if err := os.Chtimes(c.answerFile(o), long, long); err != nil {
		t.Fatal(err)
	}
	src, err := c.Get(t.Context(), o)
	if err != nil || src.ID != id || !strings.Contains(out.String(), "no newer linux-source-* could be asked for, so "+id) {
		t.Errorf("with %s in the cache: %+v, %v, and said %q", id, src, err, out.String())
	}
}

// TestMissingAptIsNoDeadArchive: what the user can mend must not pass for a skip.
func TestMissingAptIsNoDeadArchive(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	c, o := Cache{Dir: t.TempDir()}, Origin{Name: "fake", Suites: []string{"sid"}, Package: "linux-source-*", Moving: true}
	if _, err := c.Get(t.Context(), o); errors.Is(err, ErrNotFetched) || !errors.As(err, new(*proc.MissingError)) {
		t.Errorf("without apt-get: %v", err)
	}
}

func TestTarball(t *testing.T) {
	dir := faketree.New(t, nil)
	tarball := filepath.Join(t.TempDir(), "linux.tar.gz")
	faketree.Run(t, "tar", "-czf", tarball, "-C", filepath.Dir(dir), filepath.Base(dir))
	sum, err := checksum.File(tarball)
	if err != nil {
		t.Fatal(err)
	}
	c, o := Cache{Dir: t.TempDir()}, Origin{Name: "tar", Tarball: tarball, SHA256: sum}
	src, err := c.Get(t.Context(), o)
	if err != nil || faketree.Read(t, src.Dir, "b.c") != "b\n" {
		t.Errorf("%+v, %v", src, err)
	}
	o.SHA256 = strings.Repeat("0", 64)
	if _, err := c.Get(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has SHA-256 "+sum) {
		t.Errorf("wrong checksum: %v", err)
	}
	faketree.Write(t, filepath.Dir(tarball), map[string]string{"linux.tar.gz": "no tarball"})
	o.SHA256, _ = checksum.File(tarball)
	bad, err := c.Get(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "unpacking "+tarball) {
		t.Errorf("damaged tarball: %v", err)
	}
	if _, statErr := os.Stat(bad.Dir); statErr == nil {
		t.Errorf("a source that could not be unpacked is in the cache: %s", bad.Dir)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "src", ".unpack")); err == nil {
		t.Error("the temporary directory was left behind")
	}
}

func TestVersionsNewestFirst(t *testing.T) {
	c := Cache{Dir: t.TempDir()}
	for _, id := range []string{"linux-source-7.2_7.2.9-1", "linux-source-7.10_7.10.1-1", "linux-source-7.2_7.2.13-1", "linux-source-7.2_7.2.13-1~bpo1", "tree-1"} {
		faketree.Write(t, filepath.Join(c.Dir, "src"), map[string]string{id + "/Makefile": "", id + ".manifest": ""})
	}
	cached, err := c.Versions(Origin{Package: "linux-source-*"})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, src := range cached {
		versions = append(versions, src.Version)
	}
	if got := strings.Join(versions, " "); got != "7.10.1-1 7.2.13-1 7.2.13-1~bpo1 7.2.9-1" {
		t.Error(got)
	}
}
