// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stay is a guest that writes its process id next to its console log and then
// only sleeps.
const stay = `hello; echo $$ > "$PIDFILE"; exec sleep 300`

// pidOf waits for the process id of a guest that runs stay.
func pidOf(t *testing.T, file string) int {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if pid, convErr := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && convErr == nil {
			return pid
		}
	}
	t.Fatal("the guest did not start")
	return 0
}

// gone waits until a process has ended; a zombie has.
func gone(pid int) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(b), ") Z ") {
			return true
		}
	}
	return false
}

func TestCancel(t *testing.T) {
	cfg := fakeConfig(t, stay)
	file := filepath.Join(t.TempDir(), "pid")
	t.Setenv("PIDFILE", file)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { _, err := Run(ctx, cfg); ended <- err }()
	pid := pidOf(t, file)
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Run does not return")
	}
	if !gone(pid) {
		t.Error("QEMU still runs")
	}
}

// TestParentDies kills, as kill -9 does, a process that runs a guest: this test
// program once more, which finds PIDFILE set and runs the guest.
func TestParentDies(t *testing.T) {
	if os.Getenv("MDLIFE_TEST_CHILD") != "" {
		_, err := Run(context.Background(), Config{
			Kernel: os.Getenv("MDLIFE_QEMU"), Initramfs: os.Getenv("MDLIFE_QEMU"), Accel: TCG,
		})
		t.Fatal(err)
	}
	fakeConfig(t, stay) // sets MDLIFE_QEMU
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGQUIT} {
		file := filepath.Join(t.TempDir(), "pid")
		child := exec.Command(os.Args[0], "-test.run=^TestParentDies$")
		child.Env = append(os.Environ(), "MDLIFE_TEST_CHILD=1", "PIDFILE="+file)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		pid := pidOf(t, file)
		if err := child.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		if !gone(pid) {
			t.Errorf("%v: QEMU still runs", sig)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// TestThreadsEnd ends many threads of this process while a guest runs: the
// kernel takes a thread for QEMU's parent, and that one must not be among them.
func TestThreadsEnd(t *testing.T) {
	cfg := fakeConfig(t, "hello; sleep 1; finish")
	var threads sync.WaitGroup
	for range 50 {
		threads.Go(func() { _, _ = os.ReadFile("/proc/self/status") })
	}
	done := make(chan error, 1)
	go func() { _, err := Run(context.Background(), cfg); done <- err }()
	for len(done) == 0 {
		ended := make(chan struct{})
		go func() {
			runtime.LockOSThread() // never unlocked, so the runtime ends the thread
			close(ended)
		}()
		<-ended
		time.Sleep(time.Millisecond)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	cfg := fakeConfig(t, "hello; sleep 1; console $3; finish")
	begin := time.Now()
	var both sync.WaitGroup
	for _, name := range []string{"first", "second"} {
		cfg := cfg
		cfg.Name, cfg.ConsoleLog = name, filepath.Join(t.TempDir(), name)
		both.Go(func() {
			if _, err := Run(context.Background(), cfg); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(cfg.ConsoleLog); err != nil || strings.TrimSpace(string(b)) != name {
				t.Errorf("%s: console %q, %v", name, b, err)
			}
		})
	}
	both.Wait()
	if took := time.Since(begin); took > 1900*time.Millisecond {
		t.Errorf("two guests of 1 s took %v: one after the other", took)
	}
}
