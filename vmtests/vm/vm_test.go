// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/event"
	"mdlife/vmtests/triage"
)

// TestEnds has a fake QEMU end in every way that a guest can.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		adjust func(*Config)
		events string
		reason string // "": success
		within time.Duration
		text   []string // parts of the error
	}{
		"done":            {script: "hello; beat; finish", events: "hello beat done "},
		"done late lines": {script: "hello; finish; console bye; sleep 0.1", events: "hello done "},
		"nothing said":    {script: "exit 0", reason: "the machine ended before the guest was done"},
		"half done":       {script: "hello; console last words; exit 0", events: "hello ", reason: "the machine ended before the guest was done", text: []string{"last words"}},
		"QEMU fails": {script: "echo 'qemu: no such machine' >&2; exit 1",
			reason: "QEMU ended before the guest was done: exit status 1", text: []string{"QEMU said", "no such machine"}},
		"killed":          {script: "hello; kill -9 $$", events: "hello ", reason: "QEMU ended before the guest was done: signal: killed"},
		"warning":         {script: "hello; warn; exec sleep 60", events: "hello ", reason: "WARNING in md_open", within: 4 * time.Second, text: []string{"warning: WARNING in md_open (console line 1)", "md_open"}},
		"warning at end":  {script: "hello; finish; warn", events: "hello done ", reason: "WARNING in md_open"},
		"panic exits 0":   {script: "hello; console '[    1.000000] Kernel panic - not syncing: Fatal exception'; exit 0", events: "hello ", reason: "panic: Fatal exception"},
		"no event":        {script: "echo gibberish >&4; exec sleep 60", reason: "event port:", within: 4 * time.Second, text: []string{"gibberish"}},
		"unknown action":  {script: `echo '{"hugelgupf_vmtest_guest_action":"dance"}' >&4; exec sleep 60`, reason: "event port:", within: 4 * time.Second, text: []string{"dance"}},
		"allowed warning": {script: "hello; warn; finish", events: "hello done ", adjust: func(c *Config) { c.Allow = []triage.Allow{{Text: "md_open", Reason: "known"}} }},
		"silent": {script: "hello; console so far; monitor", events: "hello ", reason: "silent for 300ms", within: 6 * time.Second,
			adjust: func(c *Config) { c.Silence = 300 * time.Millisecond }, text: []string{"so far", "sysrq: key w", "sysrq: key l", "task:opener state:D"}},
		"silent and deaf": {script: "hello; exec sleep 60", events: "hello ", reason: "silent for 300ms", within: 6 * time.Second,
			adjust: func(c *Config) { c.Silence = 300 * time.Millisecond }, text: []string{"cannot ask"}},
		"never done": {script: "hello; while sleep 0.1; do console again; done", events: "hello ", reason: "not done after 1s", within: 8 * time.Second,
			adjust: func(c *Config) { c.Silence, c.Timeout = 600*time.Millisecond, time.Second }, text: []string{"again", "cannot ask"}},
		"orphan": {script: "hello; sleep 30 & exit 0", events: "hello ", reason: "silent for 1s", within: 12 * time.Second,
			adjust: func(c *Config) { c.Silence = time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := fakeConfig(t, test.script)
			if test.adjust != nil {
				test.adjust(&cfg)
			}
			res, took, err := runFake(t, cfg)
			if got := phases(res.Events); got != test.events {
				t.Errorf("events %q, want %q", got, test.events)
			}
			if test.within > 0 && took > test.within {
				t.Errorf("took %v, want less than %v", took, test.within)
			}
			if len(res.Command) == 0 || res.Wall <= 0 {
				t.Errorf("command %q, wall %v", res.Command, res.Wall)
			}
			checkFailure(t, err, test.reason, test.text)
		})
	}
}

// TestFullDisk has a console that nothing can be kept of: no failure of the guest.
func TestFullDisk(t *testing.T) {
	cfg := fakeConfig(t, "hello; console so far; exec sleep 60")
	cfg.ConsoleLog = "/dev/full"
	_, took, err := runFake(t, cfg)
	var f *Failure
	if !errors.Is(err, unix.ENOSPC) || errors.As(err, &f) || !strings.Contains(err.Error(), "make room in /dev") {
		t.Errorf("error %v", err)
	}
	if took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

func checkFailure(t *testing.T, err error, reason string, text []string) {
	t.Helper()
	var f *Failure
	switch {
	case reason == "":
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	case !errors.As(err, &f):
		t.Fatalf("error %v, want a *Failure", err)
	case !strings.HasPrefix(f.Reason, reason):
		t.Errorf("reason %q, want %q", f.Reason, reason)
	case !strings.HasPrefix(err.Error(), "fake: "+f.Reason):
		t.Errorf("text %q does not begin with the reason", err)
	}
	for _, want := range text {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

// TestBeatsKeepAlive has a guest run for longer than Silence, speaking in turn
// by events and on its console.
func TestBeatsKeepAlive(t *testing.T) {
	cfg := fakeConfig(t, "hello; for i in 1 2 3 4 5; do sleep 0.2; beat; sleep 0.2; console $i; done; finish")
	cfg.Silence = 900 * time.Millisecond
	if _, took, err := runFake(t, cfg); err != nil || took < 2*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
}

// TestResult looks at what a success tells.
func TestResult(t *testing.T) {
	cfg := fakeConfig(t, "console one; sleep 0.3; hello; warn; printf two >&3; finish")
	cfg.Allow = []triage.Allow{{Text: "md_open", Reason: "known"}}
	var seen []event.Event
	cfg.OnEvent = func(e event.Event) { seen = append(seen, e) }
	res, _, err := runFake(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if phases(seen) != phases(res.Events) || len(seen) != 2 {
		t.Errorf("OnEvent saw %q, result %q", phases(seen), phases(res.Events))
	}
	if res.BootToHello < 300*time.Millisecond || res.BootToHello > res.Wall {
		t.Errorf("first event after %v of %v", res.BootToHello, res.Wall)
	}
	if len(res.Findings) != 0 || len(res.Allowed) != 1 || res.Allowed[0].Allowed != "known" {
		t.Errorf("findings %v, allowed %v", res.Findings, res.Allowed)
	}
	log, err := os.ReadFile(cfg.ConsoleLog)
	if err != nil || !strings.HasPrefix(string(log), "one\r\n") || !strings.HasSuffix(string(log), "two") {
		t.Errorf("console log %q, %v", log, err)
	}
}

// TestBefore: it is known which events came before the console had a finding.
func TestBefore(t *testing.T) {
	for script, want := range map[string]int{
		"hello; beat; sleep 0.2; warn; sleep 0.2; beat; exec sleep 60": 2,
		"hello; beat; exit 0":                             2,
		"hello; sleep 0.2; warn; sleep 0.2; beat; finish": 1,
	} {
		if res, _, _ := runFake(t, fakeConfig(t, script)); res.Before != want {
			t.Errorf("%s: %d of %q came before it, want %d", script, res.Before, phases(res.Events), want)
		}
	}
	cfg := fakeConfig(t, "hello; warn; sleep 0.7; beat; exit 0")
	cfg.Allow = []triage.Allow{{Text: "md_open", Reason: "known"}}
	if res, _, _ := runFake(t, cfg); res.Before != 2 {
		t.Errorf("what was expected was no finding, and %d events came before it", res.Before)
	}
}

// TestLongEvent sends an event longer than the 64 KiB that vmtest's own reader
// takes.
func TestLongEvent(t *testing.T) {
	cfg := fakeConfig(t, `hello; send "{\"uptime\":2,\"beat\":{\"phase\":\"$(printf 'x%.0s' {1..200000})\"}}"; finish`)
	res, _, err := runFake(t, cfg)
	if err != nil || len(res.Events) != 3 || len(res.Events[1].Heartbeat.Phase) != 200000 {
		t.Errorf("%d events, %v", len(res.Events), err)
	}
}

// TestExpectedByALaterLine: a report is expected by a line that comes only after its
// title; the guest goes on.
func TestExpectedByALaterLine(t *testing.T) {
	cfg := fakeConfig(t, `hello
console '[    1.000000] ------------[ cut here ]------------'
console '[    1.000000] WARNING: CPU: 0 PID: 1 at block/genhd.c:1 __del_gendisk+0x1/0x2'
sleep 0.2
console '[    1.000000] Call Trace:'
console '[    1.000000]  md_kobj_release+0x1/0x2'
console '[    1.000000] ---[ end trace 0000000000000000 ]---'
sleep 0.8
finish
`)
	cfg.Allow = []triage.Allow{{Text: "md_kobj_release", Reason: "known"}}
	res, _, err := runFake(t, cfg)
	if err != nil || len(res.Allowed) != 1 || len(res.Findings) != 0 {
		t.Errorf("%v; allowed %+v, findings %+v", err, res.Allowed, res.Findings)
	}
}

// TestConsoleNoise has a console without end of line, and with bytes that are
// no text.
func TestConsoleNoise(t *testing.T) {
	cfg := fakeConfig(t, `hello; head -c 300000 /dev/zero >&3; head -c 100000 /dev/urandom >&3; console; warn; finish`)
	_, _, err := runFake(t, cfg)
	checkFailure(t, err, "WARNING in md_open", nil)
}

func TestBadConfig(t *testing.T) {
	good := fakeConfig(t, "hello; finish")
	for name, test := range map[string]struct {
		adjust func(*Config)
		want   string
	}{
		"no kernel":   {func(c *Config) { c.Kernel = "/nowhere/bzImage" }, "/nowhere/bzImage"},
		"no image":    {func(c *Config) { c.Initramfs = "/nowhere/image" }, "/nowhere/image"},
		"accelerator": {func(c *Config) { c.Accel = "warp" }, `"warp": want kvm or tcg`},
		"no log":      {func(c *Config) { c.ConsoleLog = "/dev/null/log" }, "/dev/null"},
	} {
		cfg := good
		test.adjust(&cfg)
		res, _, err := runFake(t, cfg)
		if err == nil || !strings.Contains(err.Error(), test.want) || len(res.Command) != 0 {
			t.Errorf("%s: %v, command %q", name, err, res.Command)
		}
	}
	t.Setenv("MDLIFE_QEMU", "/nowhere/qemu")
	if _, _, err := runFake(t, good); err == nil || !strings.Contains(err.Error(), "apt-get install qemu-system-x86") {
		t.Errorf("no QEMU: %v", err)
	}
}
