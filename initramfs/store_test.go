// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"
)

// fakeLayer writes one file, and counts how often.
type fakeLayer struct {
	content string
	fail    error
	writes  *atomic.Int32
}

func (fakeLayer) name() string                          { return "fake" }
func (l fakeLayer) key(context.Context) (string, error) { return hash(l.content), nil }
func (l fakeLayer) write(_ context.Context, scratch string, w initramfs.Writer) error {
	l.writes.Add(1)
	time.Sleep(20 * time.Millisecond)
	if err := w.WriteRecord(cpio.StaticFile("usr/bin/fake", l.content, 0o755)); err != nil {
		return err
	}
	return l.fail
}

func noStep(int, int) {}

func buildFake(dir string, l fakeLayer) (Image, error) {
	return build(context.Background(), store{dir}, []layer{baseLayer{}, l}, noStep)
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	var writes atomic.Int32
	steps := []struct {
		name    string
		content string
		spoil   func(img Image) error
		cached  bool
		writes  int32 // in all
	}{
		{name: "first", content: "a", writes: 1},
		{name: "again", content: "a", cached: true, writes: 1},
		{name: "changed", content: "b", writes: 2},
		{name: "changed back", content: "a", cached: true, writes: 2},
		{name: "image cut short", content: "a", spoil: cut("image-*"), writes: 2},
		{name: "layer and image cut short", content: "a", spoil: func(img Image) error { return errors.Join(cut("image-*")(img), cut("fake-*")(img)) }, writes: 4},
		{name: "leftovers", content: "a", spoil: func(Image) error { return os.WriteFile(filepath.Join(dir, "tmp-1"), nil, 0o644) }, cached: true, writes: 4},
	}
	var img Image
	for _, step := range steps {
		if step.spoil != nil {
			if err := step.spoil(img); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if img, err = buildFake(dir, fakeLayer{content: step.content, writes: &writes}); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if step.name == "layer and image cut short" {
			// Both contents were spoilt; make the other one again, too.
			if _, err := buildFake(dir, fakeLayer{content: "b", writes: &writes}); err != nil {
				t.Fatal(err)
			}
		}
		if img.Cached != step.cached || writes.Load() != step.writes {
			t.Errorf("%s: cached %v, %d writes; want %v, %d", step.name, img.Cached, writes.Load(), step.cached, step.writes)
		}
		if got := fileIn(t, img.Path, "usr/bin/fake"); got != step.content {
			t.Errorf("%s: content %q, want %q", step.name, got, step.content)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tmp-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWithAddsFilesOfTheHost(t *testing.T) {
	var writes atomic.Int32
	img, err := buildFake(t.TempDir(), fakeLayer{content: "a", writes: &writes})
	if err != nil {
		t.Fatal(err)
	}
	ko := filepath.Join(t.TempDir(), "x.ko")
	keys := map[string]bool{img.Key: true}
	for _, content := range []string{"one", "two"} {
		if err := os.WriteFile(ko, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		more, err := img.With(t.Context(), map[string]string{"usr/lib/modules/x.ko": ko})
		if err != nil {
			t.Fatal(err)
		}
		if got := fileIn(t, more.Path, "usr/lib/modules/x.ko"); got != content || fileIn(t, more.Path, "usr/bin/fake") != "a" {
			t.Errorf("the module is %q, want %q, beside what the image had", got, content)
		}
		if keys[more.Key] {
			t.Errorf("key %s of another image", more.Key)
		}
		keys[more.Key] = true
		if again, err := img.With(t.Context(), map[string]string{"usr/lib/modules/x.ko": ko}); err != nil || !again.Cached || again.Key != more.Key {
			t.Errorf("again: %+v, %v", again, err)
		}
	}
	if _, err := img.With(t.Context(), map[string]string{"x": "/no/such/file"}); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		t.Errorf("a missing file: %v", err)
	}
}

// cut truncates the files that match, as a crash of the machine may.
func cut(pattern string) func(Image) error {
	return func(img Image) error {
		paths, err := filepath.Glob(filepath.Join(filepath.Dir(img.Path), pattern))
		for _, p := range paths {
			st, statErr := os.Stat(p)
			if statErr != nil {
				return statErr
			}
			err = errors.Join(err, os.Truncate(p, st.Size()/2))
		}
		return err
	}
}

func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	var writes atomic.Int32
	wrong := errors.New("no space")
	for range 2 {
		if _, err := buildFake(dir, fakeLayer{content: "a", fail: wrong, writes: &writes}); !errors.Is(err, wrong) {
			t.Fatalf("error %v, want %v", err, wrong)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "base-") && e.Name() != "lock" {
			t.Errorf("left behind: %s", e.Name())
		}
	}
	if img, err := buildFake(dir, fakeLayer{content: "a", writes: &writes}); err != nil || img.Cached {
		t.Errorf("after a failure: %+v, %v", img, err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	var writes atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := buildFake(dir, fakeLayer{content: "a", writes: &writes}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if writes.Load() != 1 {
		t.Errorf("written %d times, want once", writes.Load())
	}
}

// TestLockEnds cancels a run that waits for another.
func TestLockEnds(t *testing.T) {
	s := store{t.TempDir()}
	held, err := s.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// TestPrune makes more images than are kept, all but the last few of them old.
func TestPrune(t *testing.T) {
	s := store{t.TempDir()}
	for i := range 2 * keepImages {
		p := filepath.Join(s.dir, "image-"+strconv.Itoa(i)+".cpio")
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-time.Duration(i) * 30 * time.Minute)
		if err := os.Chtimes(p, when, when); err != nil {
			t.Fatal(err)
		}
	}
	s.prune()
	left, err := filepath.Glob(filepath.Join(s.dir, "image-*"))
	if err != nil || len(left) != keepImages {
		t.Errorf("%d left: %v, %v", len(left), left, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "image-0.cpio")); err != nil {
		t.Error(err)
	}
}

// fileIn returns a file's content in an image of several archives.
func fileIn(t *testing.T, image, name string) string {
	t.Helper()
	for _, r := range records(t, image) {
		if r.Name == name {
			data, err := readRecord(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
	}
	t.Fatalf("no %s in %s", name, image)
	return ""
}

// records reads all archives of an image, as the kernel does.
func records(t *testing.T, image string) []cpio.Record {
	t.Helper()
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	var all []cpio.Record
	for len(data) > 0 {
		rs, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rs...)
		i := bytes.Index(data, []byte("TRAILER!!!\x00"))
		data = bytes.TrimLeft(data[i+len("TRAILER!!!\x00"):], "\x00")
	}
	return all
}
