// SPDX-License-Identifier: BSD-3-Clause

// Package arraytest is a machine for unit tests of scenarios: its mdadm keeps a record of what
// it is told, and its arrays are files. It knows as much about md as scenarios look at.
package arraytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/array"
)

// memberBytes is what each member gives an array.
const memberBytes = 512 << 10

// Machine is the machine. It has room for one array.
type Machine struct {
	Calls []string // of mdadm, with its arguments, and other ways to stop the array; without paths

	// Attrs are the attributes that were written, each with its value: "sync_max 0".
	Attrs []string

	// Fail, if it is not nil, returns the error of a call, nil if that succeeds.
	Fail func(call string) error

	t      testing.TB
	dir    string
	device string // "" for none
	level  string
	disks  int
	slow   bool // what md does goes on for ever
	action string
	state  string
	failed map[string]bool
}

// New returns a machine without an array, and the nodes of so many disks of it.
func New(t testing.TB, disks int) (*Machine, []string) {
	t.Helper()
	m := &Machine{t: t, dir: tempDir(t)}
	var nodes []string
	for i := range disks {
		node := filepath.Join(m.dir, fmt.Sprintf("ram%d", i))
		if err := os.WriteFile(node, make([]byte, memberBytes), 0o600); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
	}
	return m, nodes
}

// tempDir returns a folder of a test: in memory, if that takes O_DIRECT there (Linux 6.6), or
// the many fsyncs of scenarios take their time.
func tempDir(t testing.TB) string {
	t.Helper()
	const memory = "/dev/shm"
	dir, err := os.MkdirTemp(memory, "arraytest-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := array.OpenDirect(filepath.Join(dir, "probe"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return t.TempDir()
	}
	f.Close()
	return dir
}

// Array returns an array of a personality on a machine of its own.
func Array(t testing.TB, p array.Personality) (*array.Array, *Machine) {
	t.Helper()
	m, disks := New(t, array.DisksEach)
	t.Setenv("TMPDIR", m.dir) // for mdadm's configuration, and its backup file
	a := array.Describe(t.Context(), p, array.PlaceMinor(0), disks)
	a.SetHost(m)
	return a, m
}

// Node returns the file that is the device's node.
func (m *Machine) Node(device string) string { return filepath.Join(m.dir, device) }

// Exists reports whether there is an array on this device.
func (m *Machine) Exists(device string) bool { return m.device == device }

// WaitGone reports whether there is none.
func (m *Machine) WaitGone(device string, _ time.Duration) bool { return m.device != device }

// Remove removes the array.
func (m *Machine) Remove(string, time.Duration) error { return m.stop("remove") }

// StopArray stops the array.
func (m *Machine) StopArray(*os.File) error { return m.stop("STOP_ARRAY") }

func (m *Machine) stop(how string) error {
	if err := m.record(how); err != nil {
		return err
	}
	m.device, m.slow, m.action = "", false, "idle"
	return nil
}

// record records a call, and returns the error that it fails with.
func (m *Machine) record(call string) error {
	m.Calls = append(m.Calls, call)
	if m.Fail == nil {
		return nil
	}
	return m.Fail(call)
}

// Attr reads an attribute of the array.
func (m *Machine) Attr(device, attr string) (string, error) {
	if device != m.device {
		return "", unix.ENOENT
	}
	attrs := map[string]string{
		"md/level": m.level, "md/raid_disks": strconv.Itoa(m.disks), "md/degraded": strconv.Itoa(len(m.failed)),
		"md/array_state": m.state, "md/sync_action": m.action, "md/mismatch_cnt": "0",
		"md/sync_speed": "64", "md/sync_completed": "0 / 8192", "md/reshape_position": "1",
	}
	value, ok := attrs[attr]
	if strings.HasPrefix(attr, "md/dev-") && strings.HasSuffix(attr, "/offset") {
		return "8192", nil
	}
	if redundant := m.level != "raid0" && m.level != "linear"; !ok || attr == "md/sync_action" && !redundant {
		return "", unix.ENOENT
	}
	return value, nil
}

// SetAttr writes an attribute of the array.
func (m *Machine) SetAttr(_, attr, value string) error {
	m.Attrs = append(m.Attrs, strings.TrimPrefix(attr, "md/")+" "+value)
	switch attr {
	case "md/sync_speed_max":
		if m.slow = value != "system"; !m.slow {
			m.action = "idle"
		}
	case "md/sync_max":
		m.slow = true
	case "md/sync_action":
		m.begin(value)
	case "md/array_state":
		if value == "clear" {
			return m.stop("clear > array_state")
		}
		m.state = value
	}
	return nil
}

// begin begins something that is over at once, unless md is slow.
func (m *Machine) begin(action string) {
	if m.slow {
		m.action = action
	}
}

// Mdadm records a call of mdadm and does some of what mdadm would.
func (m *Machine) Mdadm(_ context.Context, _ time.Duration, args ...string) (string, error) {
	m.t.Helper()
	call := strings.ReplaceAll(strings.Join(args, " "), m.dir+"/", "")
	if err := m.record(call); err != nil {
		return "", err
	}
	for i, arg := range args {
		if err := m.do(arg, args, i); err != nil {
			return "", fmt.Errorf("%s: %w", call, err)
		}
	}
	switch {
	case slices.Contains(args, "--detail"):
		return "ARRAY /dev/md50 UUID=01234567:89abcdef", nil
	case slices.Contains(args, "--examine-bitmap"):
		return "Bitmap : 4 bits (chunks), 0 dirty (0.0%)", nil
	}
	return "", m.resize()
}

// do does what an argument asks for.
func (m *Machine) do(arg string, args []string, i int) error {
	name, value, _ := strings.Cut(arg, "=")
	switch name {
	case "--create":
		m.failed = map[string]bool{}
		m.state, m.action = "clean", "idle"
		return m.start(args[i+1])
	case "--assemble":
		m.state = "clean"
		if args[i+1] == "--scan" {
			return m.start("md50")
		}
		return m.start(args[i+1])
	case "--incremental":
		return m.start("md50")
	case "--stop":
		m.device, m.slow, m.action = "", false, "idle"
	case "--level":
		m.level = levelName(value)
	case "--raid-devices":
		m.begin("reshape")
		return m.setDisks(value)
	case "--fail":
		m.failed[args[i+1]] = true
	case "--add", "--re-add":
		m.add(args)
	case "--readwrite":
		m.begin("resync")
	}
	return nil
}

// levelName returns the name of a level in md/level.
func levelName(level string) string {
	if level[0] >= '0' && level[0] <= '9' {
		return "raid" + level
	}
	return level
}

// start makes the device of the array that mdadm was told.
func (m *Machine) start(node string) error {
	m.device = filepath.Base(node)
	if strings.HasPrefix(node, "/dev/md/") {
		m.device = "md_" + m.device
	}
	f, err := os.OpenFile(m.Node(m.device), os.O_CREATE, 0o600) // with the data that are on it
	if err != nil {
		return err
	}
	return f.Close()
}

func (m *Machine) setDisks(value string) (err error) {
	m.disks, err = strconv.Atoi(value)
	return err
}

// add puts members in the places of those that have failed. A linear array grows by it.
func (m *Machine) add(args []string) {
	if len(m.failed) > 0 {
		m.begin("recover")
	}
	clear(m.failed)
	if m.level == "linear" && args[0] == "--grow" {
		m.disks++
	}
}

// resize gives the array's file the size that an array of its level has.
func (m *Machine) resize() error {
	if m.device == "" {
		return nil
	}
	data := m.disks
	switch m.level {
	case "raid1", "multipath", "faulty":
		data = 1
	case "raid4", "raid5":
		data--
	case "raid6":
		data -= 2
	case "raid10":
		data /= 2
	}
	if data < 1 {
		return errors.New("an array of too few disks")
	}
	return os.Truncate(m.Node(m.device), int64(data)*memberBytes)
}
