// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestEveryWindowHasAScript: no window of docs/requirements.md has got lost.
func TestEveryWindowHasAScript(t *testing.T) {
	names := Names()
	for _, w := range []string{"W1", "W2", "W2b", "W2c", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10", "W11", "W12", "W13", "W14", "W15", "W16", "W17", "W18"} {
		if !slices.Contains(names, w) {
			t.Errorf("no script for %s", w)
		}
	}
	if names[0] != "W1" || names[1] != "W1s" || names[2] != "W2" || names[3] != "W2b" || names[len(names)-1] != "W18" {
		t.Errorf("order %v", names)
	}
}

// TestDocsListEveryWindow: comments and commit messages name windows that a reader
// looks up there.
func TestCheckNamesTheWindowThatThereIsNot(t *testing.T) {
	if err := Check([]string{"W1", "W99"}); err == nil || !strings.Contains(err.Error(), "no window W99; there are W1 ") {
		t.Errorf("error %v", err)
	}
	if err := Check(nil); err != nil {
		t.Errorf("all windows: %v", err)
	}
}

func TestDocsListEveryWindow(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		text, err := scripts.ReadFile("scripts/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if row := fmt.Sprintf("| %s | %s | ", name, title(text)); !strings.Contains(string(docs), row) {
			t.Errorf("docs/requirements.md has no row %q", row)
		}
	}
}

// TestScriptsAreWellFormed finds what would otherwise show in a guest only.
func TestScriptsAreWellFormed(t *testing.T) {
	for _, name := range Names() {
		text, err := scripts.ReadFile("scripts/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(name, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"array inactive\nnothing left\n",
		"# W1: x\nfails EWHAT\nnothing left\n",
		"# W1: x\nfly\nnothing left\n",
		"# W1: x\nA flies\nnothing left\n",
		"# W1: x\narray inactive\n",
	} {
		if wellFormed("W1", bad) == nil {
			t.Errorf("accepted:\n%s", bad)
		}
	}
}

// wellFormed looks at a script's title, words, errnos and end.
func wellFormed(name, text string) error {
	if title([]byte(text)) == "" || !strings.Contains(text, "# "+name+": ") {
		return errors.New("no line with name and title")
	}
	cmds, last := new(stage).commands(), ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) > 0 && strings.HasPrefix(words[0], "[") {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if err := knownWords(words); err != nil || cmds[words[0]] == nil {
			return fmt.Errorf("%q: unknown; %w", line, err)
		}
		last = words[0]
	}
	if last != "nothing" && last != "skip" {
		return errors.New("the end does not look at what is left")
	}
	return nil
}

// knownWords checks verbs and errnos.
func knownWords(words []string) error {
	isErrno := func(name string) bool {
		for n := unix.Errno(1); n < 200; n++ {
			if unix.ErrnoName(n) == name {
				return true
			}
		}
		return slices.Contains([]string{"ok", "killed", "failed", "hang"}, name)
	}
	actor := slices.Contains(actorNames, words[0])
	verb := strings.Join(words[1:], " ")
	switch {
	case words[0] == "fails" && !isErrno(words[1]) && words[1] != gotLeft, actor && words[1] == "gets" && !isErrno(words[2]):
		return errors.New("no errno")
	case actor && words[1] != "gets" && verbs[verb] == nil:
		return errors.New("no verb")
	}
	return nil
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		err                error
		held               bool
		got, skipped, text string
	}{
		{nil, true, "", "", ""},
		{fmt.Errorf("W1.txt:9: %w", brokenf("ENXIO", "B got it")), false, "ENXIO", "", "W1.txt:9: B got it"},
		{fmt.Errorf("W7.txt:3: %w", skipError("built in")), false, "", "built in", ""},
		{errors.New("no such command"), false, "error", "", "no such command"},
	} {
		held, got, skipped, text := judge(c.err)
		if held != c.held || got != c.got || skipped != c.skipped || text != c.text {
			t.Errorf("%v: %v %q %q %q", c.err, held, got, skipped, text)
		}
	}
}

// TestActor drives an actor on this machine: calls in turn, results, waiting.
func TestActor(t *testing.T) {
	a, err := newActor("A")
	if err != nil {
		t.Skip(err)
	}
	if err := a.open("/dev/null", unix.O_RDWR); err != nil {
		t.Fatal(err)
	}
	if err := a.gets("ENXIO"); !errors.As(err, new(broken)) || err.(broken).got != "ok" {
		t.Errorf("an open that succeeds passes for ENXIO: %v", err)
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, err := unix.Read(p[0], make([]byte, 1))
		return err
	}
	if err := errors.Join(a.start("read", read), a.waits()); err != nil {
		t.Errorf("a read of an empty pipe: %v", err)
	}
	if _, err := unix.Write(p[1], []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := a.gets("ok"); err != nil {
		t.Error(err)
	}
	if err := a.start("nothing", func() error { return unix.EBUSY }); err != nil {
		t.Fatal(err)
	}
	if err := a.waits(); !errors.As(err, new(broken)) || err.(broken).got != "EBUSY" {
		t.Errorf("a call that returns passes for one that waits: %v", err)
	}
	if err := a.leave(); err != nil || a.fd != -1 {
		t.Errorf("leave: %v, descriptor %d", err, a.fd)
	}
}

// TestWaitsWantsSleep: a call that sleeps waits, one that looks again and again
// does not, nor one that has returned.
func TestWaitsWantsSleep(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	a, err := newActor("A")
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, err := unix.Read(pipe[0], make([]byte, 1))
		return err
	}
	if err := errors.Join(a.start("read", read), a.waits()); err != nil {
		t.Errorf("a read of an empty pipe: %v", err)
	}
	if _, err := unix.Write(pipe[1], []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := a.start("getpid", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.waits(); err == nil || !strings.Contains(err.Error(), "got ok instead of waiting") {
		t.Errorf("a call that returns: %v", err)
	}
	var over atomic.Bool
	poll := func() error {
		for !over.Load() {
			if err := unix.Nanosleep(&unix.Timespec{Nsec: 5e6}, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := errors.Join(a.start("poll", poll), a.waits()); err == nil || !strings.Contains(err.Error(), "neither sleeps nor returns") {
		t.Errorf("a call that polls: %v", err)
	}
	over.Store(true)
	if err := a.leave(); err != nil {
		t.Error(err)
	}
}
