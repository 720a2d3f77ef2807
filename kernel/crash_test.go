// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mdlife/internal/proc"
	"mdlife/internal/progress"
	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/source"
)

// TestMain lets the test program stand in for an mdlife that can be killed: with
// MDLIFE_TEST_CACHE set it builds the fake base whose source is there.
func TestMain(m *testing.M) {
	if cache := os.Getenv("MDLIFE_TEST_CACHE"); cache != "" {
		req := Request{Base: fakeBase(), CacheDir: cache, Jobs: 2}
		if _, err := Build(context.Background(), req); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// buildElsewhere starts another process that builds req.
func buildElsewhere(t *testing.T, req Request) *exec.Cmd {
	t.Helper()
	cmd := proc.Command(os.Args[0])
	cmd.Env = append(cmd.Env, "MDLIFE_TEST_CACHE="+req.CacheDir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// waitFor waits until something is true.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("after ten seconds: still not %s", what)
}

// working returns the processes whose working directory is below dir.
func working(dir string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var pids []int
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			var pid int
			fmt.Sscanf(link, "/proc/%d/cwd", &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

func exists(elem ...string) bool {
	_, err := os.Stat(filepath.Join(elem...))
	return err == nil
}

// slowRequest asks for a kernel whose b.c hangs with half an object written,
// and returns the slot where that happens.
func slowRequest(t *testing.T) (Request, string) {
	req := fakeRequest(t, map[string]string{"b.c": "SLOW and whole\n"})
	return req, filepath.Join(req.CacheDir, "work", "fake-base")
}

// finish lets the slow build pass, and checks that nothing half-written is in
// the kernel.
func finish(t *testing.T, req Request, slot string) {
	t.Helper()
	faketree.Write(t, slot, map[string]string{"go": ""})
	r := build(t, req)
	if image := faketree.Read(t, r.Dir, "bzImage"); !strings.Contains(image, "SLOW and whole") || strings.Contains(image, "half") {
		t.Errorf("the kernel holds a half-written object: %q", image)
	}
}

func TestCancelStopsMake(t *testing.T) {
	req, slot := slowRequest(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := Build(ctx, req)
		ended <- err
	}()
	waitFor(t, "compiling", func() bool { return exists(slot, "slow") })
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(9 * time.Second):
		t.Fatal("the build did not end")
	}
	if left := working(req.CacheDir); len(left) > 0 {
		t.Errorf("processes %v are still there", left)
	}
	if exists(slot, "dirty") || exists(slot, "src/obj/b.o") {
		t.Error("make was not allowed to clean up")
	}
	finish(t, req, slot)
}

// kill -9 of everything: nobody cleans up, and half an object is newer than its
// source.
func TestKilledBuildIsNotTrusted(t *testing.T) {
	req, slot := slowRequest(t)
	other := buildElsewhere(t, req)
	waitFor(t, "compiling", func() bool { return exists(slot, "slow") })
	for _, pid := range append(working(slot), other.Process.Pid) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	other.Wait()
	if !exists(slot, "dirty") || faketree.Read(t, slot, "src/obj/b.o") != "half" {
		t.Fatal("the test did not leave half an object")
	}
	faketree.Write(t, slot, map[string]string{"racepoint/half.o": "half"})
	finish(t, req, slot)
	if exists(slot, "racepoint/half.o") {
		t.Error("what the build had left of racepoint is still there")
	}
}

// kill -9 of mdlife alone: make must not go on without it.
func TestDeadParentTakesMakeDown(t *testing.T) {
	req, slot := slowRequest(t)
	other := buildElsewhere(t, req)
	waitFor(t, "compiling", func() bool { return exists(slot, "slow") })
	other.Process.Kill()
	other.Wait()
	waitFor(t, "rid of make", func() bool { return len(working(slot)) == 0 })
	finish(t, req, slot)
}

// A compiler that meets a full disk and dies in it.
func TestFullDiskLeavesSlotDirty(t *testing.T) {
	req := fakeRequest(t, map[string]string{"b.c": "FULL\n"})
	_, err := Build(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("got %v", err)
	}
	slot := filepath.Join(req.CacheDir, "work", "fake-base")
	if !exists(slot, "dirty") {
		t.Error("the slot is trusted after a full disk")
	}
	if exists(req.CacheDir, "kernels") {
		t.Error("a kernel was stored")
	}
	s, err := openSlot(t.Context(), req.CacheDir, "fake-base", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if exists(slot, "src/obj/b.o") || exists(slot, "dirty") {
		t.Error("half an object is still there")
	}
}

func TestTwoRunsBuildOnce(t *testing.T) {
	req := fakeRequest(t, nil)
	req.Variant = VariantPatched
	req.PatchDir = faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": faketree.Diff("2", "a2", "A2")})
	req.Progress = progress.New(t.Context(), io.Discard)
	other := buildElsewhere(t, req) // the base, which the others start from
	results := make([]Result, 3)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			var err error
			if results[i], err = Build(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := other.Wait(); err != nil {
		t.Errorf("the other process: %v", err)
	}
	for _, r := range results {
		if r.Dir != results[0].Dir {
			t.Errorf("got %s and %s", r.Dir, results[0].Dir)
		}
	}
	built := 0
	for _, phase := range req.Progress.Summary() {
		if phase.Name == "build fake-patched" {
			built++
		}
	}
	if built != 1 {
		t.Errorf("built %d times, want once", built)
	}
}

// A slot whose update was cut off gets the files again.
func TestInterruptedUpdate(t *testing.T) {
	req := fakeRequest(t, nil)
	build(t, req)
	slot := filepath.Join(req.CacheDir, "work", "fake-base")
	m := source.LoadManifest(filepath.Join(slot, "manifest"))
	m["b.c"] = source.Unknown
	m["gone.c"] = source.Unknown
	if err := m.Save(filepath.Join(slot, "manifest")); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(slot, "src", "b.c")) // it is a link into the source
	faketree.Write(t, slot, map[string]string{"src/b.c": "cut o", "src/gone.c": "left over"})
	newVersion(t, req, map[string]string{"c.c": "new\n"})
	r := build(t, req)
	if image := faketree.Read(t, r.Dir, "bzImage"); strings.Contains(image, "cut o") || strings.Contains(image, "left over") || !strings.Contains(image, "b\n") {
		t.Errorf("image %q", image)
	}
}
