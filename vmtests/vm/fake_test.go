// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mdlife/vmtests/event"
)

// TestMain shortens the waiting.
func TestMain(m *testing.M) {
	findingGrace, dumpQuiet, reapLimit = 400*time.Millisecond, 300*time.Millisecond, time.Second
	answerLimit, probeLimit = 500*time.Millisecond, 2*time.Second
	os.Exit(m.Run())
}

// The fake QEMU is a script whose descriptors are the sockets, in the order in
// which session.devices hands them over.
const preamble = `#!/bin/bash
console() { printf '%s\r\n' "$*" >&3; }
send() { printf '{"hugelgupf_vmtest_guest_action":"guestevent","Actual":%s}\n' "$1" >&4; }
hello() { send '{"uptime":1,"hello":{"release":"6.1"}}'; }
beat() { send '{"uptime":2,"beat":{"phase":"race"}}'; }
finish() { send '{"uptime":3,"done":{}}'; printf '{"hugelgupf_vmtest_guest_action":"done"}\n' >&4; }
warn() {
  console '[    1.000000] ------------[ cut here ]------------'
  console '[    1.000000] WARNING: CPU: 0 PID: 1 at drivers/md/md.c:1 md_open+0x1/0x2'
  console '[    1.000000] ---[ end trace 0000000000000000 ]---'
}
# monitor answers QMP until a break is asked for; then the guest prints.
monitor() {
  echo '{"QMP":{}}' >&5
  while read -r line <&5; do
    echo '{"event":"NOISE"}' >&5
    echo '{"return":{}}' >&5
    case $line in *chardev-send-break*)
      read -r -n 1 key <&3
      console "sysrq: key $key"
      console 'task:opener state:D';;
    esac
  done
}
`

// fakeConfig is for a guest whose QEMU is a script, which follows preamble.
func fakeConfig(t *testing.T, script string) Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "qemu")
	if err := os.WriteFile(path, []byte(preamble+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MDLIFE_QEMU", path)
	return Config{
		Name: "fake", Kernel: path, Initramfs: path, Accel: TCG,
		ConsoleLog: filepath.Join(dir, "logs", "console.log"),
		Silence:    10 * time.Second, Timeout: 20 * time.Second,
	}
}

// runFake runs a fake guest and returns how long that took, too.
func runFake(t *testing.T, cfg Config) (Result, time.Duration, error) {
	t.Helper()
	begin := time.Now()
	res, err := Run(context.Background(), cfg)
	return res, time.Since(begin), err
}

// phases lists the events in short.
func phases(events []event.Event) string {
	var s string
	for _, e := range events {
		switch {
		case e.BootInfo != nil:
			s += "hello "
		case e.Heartbeat != nil:
			s += "beat "
		case e.Done != nil:
			s += "done "
		default:
			s += fmt.Sprintf("%+v ", e)
		}
	}
	return s
}
