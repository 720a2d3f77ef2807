// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/source"
)

// fakeBase is a base of a package that no archive has.
func fakeBase() Base {
	return Base{Origin: source.Origin{Name: "fake", Package: "fake", Suites: []string{"none"}}}
}

// fakeRequest asks for a kernel of a fake base, whose source is in a new cache.
func fakeRequest(t *testing.T, files map[string]string) Request {
	t.Helper()
	req := Request{Base: fakeBase(), CacheDir: t.TempDir(), Jobs: 2}
	newVersion(t, req, nil)
	newVersion(t, req, files)
	return req
}

// newVersion puts another version of the base's source into the cache, which
// differs in files from the last, and lets it pass for the archive's newest.
func newVersion(t *testing.T, req Request, files map[string]string) {
	t.Helper()
	last, ok := req.sources().Unpacked(req.Base.Origin)
	dir, id := last.Dir, last.ID+"1"
	if !ok {
		dir, id = faketree.New(t, nil), "fake_"
	}
	to := filepath.Join(req.CacheDir, "src", id)
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	faketree.Write(t, to, files)
	faketree.Write(t, filepath.Join(req.CacheDir, "src"), map[string]string{"fake.newest": id})
}

// build builds req and fails the test if that fails.
func build(t *testing.T, req Request) Result {
	t.Helper()
	r, err := Build(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compiled lists the files that a build has compiled, from its log, in the order
// of their names: make has two jobs, which end in any order.
func compiled(t *testing.T, r Result) string {
	t.Helper()
	var files []string
	for line := range strings.Lines(faketree.Read(t, r.Dir, "build.log")) {
		if file, ok := strings.CutPrefix(line, "  CC      "); ok {
			files = append(files, strings.TrimSpace(file))
		}
	}
	slices.Sort(files)
	return strings.Join(files, " ")
}

func TestModules(t *testing.T) {
	r := Result{Dir: t.TempDir()}
	if files, err := r.Modules(); err != nil || len(files) != 0 {
		t.Errorf("a kernel without modules: %q, %v", files, err)
	}
	faketree.Write(t, r.Dir, map[string]string{
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
