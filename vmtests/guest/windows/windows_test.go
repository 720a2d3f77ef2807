// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
	"rsc.io/script"

	"mdlife/vmtests/requirement"
)

func TestCheckNamesTheWindowThatThereIsNot(t *testing.T) {
	if err := Check([]string{"W1", "W0"}); err == nil || !strings.Contains(err.Error(), "no window W0; there are W1 ") {
		t.Errorf("error %v", err)
	}
	if err := Check(nil); err != nil {
		t.Errorf("all windows: %v", err)
	}
}

// TestDocsListTheWindows: comments and commit messages name windows that a reader looks
// up in docs/requirements.md. A script that gets lost is still in that table.
func TestDocsListTheWindows(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, known []string
	for _, row := range regexp.MustCompile(`(?m)^\| (W\d\w*) \| (.*?) \| `).FindAllStringSubmatch(string(docs), -1) {
		listed = append(listed, row[1]+": "+row[2])
	}
	for _, name := range Names() {
		text, err := textOf(name)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, name+": "+title(text))
	}
	for _, row := range listed {
		if !slices.Contains(known, row) {
			t.Errorf("docs/requirements.md lists a window that has no such script: %s", row)
		}
	}
	for _, script := range known {
		if !slices.Contains(listed, script) {
			t.Errorf("docs/requirements.md has no row for the script of %s", script)
		}
	}
	if !t.Failed() && !slices.Equal(listed, known) {
		t.Errorf("docs/requirements.md lists the windows in the order %q, and not %q", listed, known)
	}
}

// TestDocsHaveTheResults: the last column of the table in docs/requirements.md has the words
// of a script's lines "fails", and none for a script without such a line.
func TestDocsHaveTheResults(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (W\d\w*) \| .* \| (.*?) \|$`).FindAllStringSubmatch(string(docs), -1)
	if len(rows) != len(Names()) {
		t.Errorf("%d rows for %d scripts", len(rows), len(Names()))
	}
	fails := regexp.MustCompile(`(?m)^(?:\[.*?\] )?fails (\S+)`)
	quoted := regexp.MustCompile("`(E?[A-Z]+|[a-z]+)`")
	for _, row := range rows {
		text, err := textOf(row[1])
		if err != nil {
			t.Error(err)
			continue
		}
		said, written := seconds(fails.FindAllStringSubmatch(string(text), -1)), seconds(quoted.FindAllStringSubmatch(row[2], -1))
		if !slices.Equal(said, written) {
			t.Errorf("%s fails with %q, and docs/requirements.md has %q in %q", row[1], said, written, row[2])
		}
	}
}

// seconds returns what the first group of each match has matched.
func seconds(matches [][]string) (all []string) {
	for _, m := range matches {
		all = append(all, m[1])
	}
	return all
}

// TestRequirementsNameWindows: each window that is to show a requirement has a script.
func TestRequirementsNameWindows(t *testing.T) {
	names := Names()
	for _, r := range requirement.All() {
		for _, w := range r.Windows {
			if !slices.Contains(names, w) {
				t.Errorf("%s is shown by window %s, which has no script", r.Name, w)
			}
		}
	}
}

// TestDeclarations: which scripts need md as modules, and which come last.
func TestDeclarations(t *testing.T) {
	for _, c := range []struct {
		words string
		has   func(string) bool
		want  []string
	}{
		{"needs module", NeedsModule, []string{"W7", "W8"}},
		{"spoils", spoils, []string{"W12"}},
	} {
		t.Run(c.words, func(t *testing.T) {
			got := slices.DeleteFunc(Names(), func(name string) bool { return !c.has(name) })
			if !slices.Equal(got, c.want) {
				t.Errorf("%v declare it instead of %v", got, c.want)
			}
		})
	}
	if NeedsModule("W0") {
		t.Error("a window that does not exist needs a module")
	}
}

// TestNeedsModuleSkips: this machine's md, if any, is not in a guest's image.
func TestNeedsModuleSkips(t *testing.T) {
	if err := cmdNeeds([]string{"module"}); !errors.As(err, new(skipError)) {
		t.Errorf("md cannot be unloaded here, but: %v", err)
	}
	if err := cmdNeeds([]string{"luck"}); !errors.Is(err, script.ErrUsage) {
		t.Errorf("needs luck: %v", err)
	}
}

// TestScriptsAreWellFormed finds what would otherwise show in a guest only.
func TestScriptsAreWellFormed(t *testing.T) {
	for _, name := range Names() {
		text, err := textOf(name)
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
		"# W1: x\n[kernel:6.1.] needs module\nnothing left\n",
		"# W1: x\narray inactive\nspoils the kernel\nnothing left\n",
		"# W1: x\nA unloads md\nnothing left\n",
		"# W1: x\nhold A at f\nA stop\nheld A\nnothing left\n",
		"# W1: x\nhold A at f\nrelease A\nnothing left\n",
		"# W1: x\nhold A at f\nheld A\nhold A at f\nrelease A\nnothing left\n",
		"# W1: x\nhold A at f\nhold B at f\nheld A\nrelease A\nnothing left\n",
		"# W1: x\nB open\nB has new disk\nnothing left\n",
		"# W1: x\nB open\nB waits\nnothing left\n",
		"# W1: x\nC open\nB gets ok\nnothing left\n",
		"# W1: x\nB open\nB close\nB gets ok\nnothing left\n",
	} {
		if wellFormed("W1", bad) == nil {
			t.Errorf("accepted:\n%s", bad)
		}
	}
}

// wellFormed looks at a script's title, words, errnos, declarations and end.
func wellFormed(name, text string) error {
	if title([]byte(text)) == "" || !strings.Contains(text, "# "+name+": ") {
		return errors.New("no line with name and title")
	}
	var commands []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		conditional := len(words) > 0 && strings.HasPrefix(words[0], "[")
		if conditional {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if err := knownWords(words); err != nil {
			return fmt.Errorf("%q: unknown; %w", line, err)
		}
		if isDeclaration := words[0] == "needs" || words[0] == "spoils"; isDeclaration && (conditional || len(commands) > 0) {
			return fmt.Errorf("%q: a declaration stands first and has no condition: nobody has run the script when it is read", line)
		}
		if words[0] != "needs" && words[0] != "spoils" {
			commands = append(commands, words[0])
		}
	}
	if strings.Contains(text, " unloads md") && !strings.Contains(text, "\nneeds module\n") {
		return errors.New(`it unloads md, but has no line "needs module"`)
	}
	if len(commands) == 0 || !slices.Contains([]string{"nothing", "skip"}, commands[len(commands)-1]) {
		return errors.New("the end does not look at what is left")
	}
	return errors.Join(holdsEnd(text), resultsAreSeen(text))
}

// wordsOf returns the words of a script's lines, without comments.
func wordsOf(text string) (lines [][]string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, words)
		}
	}
	return lines
}

// holdsEnd reports a hold that is not waited for, or not released, as an error.
func holdsEnd(text string) error {
	next := map[string]string{} // what must come next, by who is held
	for _, words := range wordsOf(text) {
		switch words[0] {
		case "hold", "held", "release":
			if want := cmp.Or(next[words[1]], "hold"); want != words[0] {
				return fmt.Errorf("%s %s where %s %s is due", words[0], words[1], want, words[1])
			}
			next[words[1]] = map[string]string{"hold": "held", "held": "release"}[words[0]]
		}
	}
	for who, want := range next {
		if want != "" {
			return fmt.Errorf("no %s %s at the end", want, who)
		}
	}
	return nil
}

// resultsAreSeen reports a call of an opener (B or C) as an error whose result no line wants.
// What A does, and a close, the next call or the end expects to succeed.
func resultsAreSeen(text string) error {
	unseen := map[string]string{} // calls, by actor
	for _, words := range wordsOf(text) {
		if strings.HasPrefix(words[0], "[") { // for some kernels only
			words = words[1:]
		}
		who, verb := words[0], strings.Join(words[1:], " ")
		switch {
		case who != "B" && who != "C" || slices.Contains(noCalls, verb):
		case words[1] == "gets":
			delete(unseen, who)
		case unseen[who] != "":
			return fmt.Errorf("%s %s, and no line %q says the result before %q", who, unseen[who], who+" gets", verb)
		case verb != "close":
			unseen[who] = verb
		}
	}
	for who, verb := range unseen {
		return fmt.Errorf("%s %s, and no line %q says the result", who, verb, who+" gets")
	}
	return nil
}

// noCalls are the verbs that begin no call whose result there is to see.
var noCalls = []string{"waits", "has same disk", "has new disk", "takes signals", "is signalled", "is killed"}

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
	if new(stage).commands()[words[0]] == nil {
		return errors.New("no command")
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
