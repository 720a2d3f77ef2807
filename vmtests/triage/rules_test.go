// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

// TestEveryRuleHasALog fails for a rule that begins no report in any golden log. A rule whose
// expression is misspelt finds nothing, and nobody would notice.
func TestEveryRuleHasALog(t *testing.T) {
	seen := map[*rule]bool{}
	for _, log := range goldenLogs(t) {
		s := NewScanner()
		for line := range strings.Lines(log) {
			s.Add(line)
		}
		for _, d := range s.found {
			seen[d.rule] = true
		}
	}
	for i := range rules {
		if !seen[&rules[i]] {
			t.Errorf("no golden log for %q: add one to testdata, with the kernel's exact text", rules[i].re)
		}
	}
}

// TestEveryWordIsNeeded misspells each word of each rule's expression in turn. The lines that
// the rule is known to find, in the golden logs and in firstLines, must notice.
func TestEveryWordIsNeeded(t *testing.T) {
	known := firstLinesByRule(t)
	for i := range rules {
		r := &rules[i]
		for _, misspelt := range misspellings(t, r.re.String()) {
			if sameForAll(r.re, misspelt, known[r]) {
				t.Errorf("%q finds the same in all known lines as %q: add a line to firstLines where it does not", misspelt, r.re)
			}
		}
	}
}

// sameForAll reports whether two expressions find the same in each line.
func sameForAll(a, b *regexp.Regexp, lines []string) bool {
	return !slices.ContainsFunc(lines, func(line string) bool {
		return !slices.Equal(a.FindStringSubmatch(line), b.FindStringSubmatch(line))
	})
}

// misspellings returns the expression with each of its literals broken in turn, where that has
// at least two letters.
func misspellings(t *testing.T, expr string) (all []*regexp.Regexp) {
	t.Helper()
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(*syntax.Regexp)
	walk = func(node *syntax.Regexp) {
		if node.Op == syntax.OpLiteral && strings.ContainsFunc(string(node.Rune), isLetter) && len(node.Rune) > 1 {
			whole := node.Rune
			node.Rune = []rune("\x00misspelt")
			all = append(all, regexp.MustCompile(tree.String()))
			node.Rune = whole
		}
		for _, sub := range node.Sub {
			walk(sub)
		}
	}
	walk(tree)
	return all
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// firstLinesByRule returns the lines that each rule is the first to match.
func firstLinesByRule(t *testing.T) map[*rule][]string {
	t.Helper()
	known := map[*rule][]string{}
	add := func(line string) {
		for _, m := range split(line) {
			if r := match(m.text); r != nil {
				known[r] = append(known[r], m.text)
			}
		}
	}
	for _, log := range goldenLogs(t) {
		for line := range strings.Lines(log) {
			add(line)
		}
	}
	for _, f := range firstLines {
		add(f.line)
	}
	return known
}

// goldenLogs returns the logs of testdata without their headers.
func goldenLogs(t *testing.T) (logs []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.log")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden logs: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, log, _ := strings.Cut(string(data), "\n\n")
		logs = append(logs, log)
	}
	return logs
}

// TestFirstLines scans one line of each form that the golden logs do not have.
func TestFirstLines(t *testing.T) {
	for _, f := range firstLines {
		found := Scan(f.line)
		if len(found) != 1 || found[0].Title != f.title {
			t.Errorf("%s\ngives %v, want %q", f.line, found, f.title)
		}
	}
}

// firstLines are first lines of reports, as the sources of Linux 6.1 to 7.2 have them, with
// the title that each gets where no stack follows.
var firstLines = []struct{ line, title string }{
	{"BUG: KFENCE: use-after-free read in md_open+0x2c/0x1a0", "KFENCE: use-after-free read in md_open"},
	{"BUG: KMSAN: uninit-value in md_open+0x2c/0x1a0", "KMSAN: uninit-value in md_open"},
	{"BUG: KFENCE: something new", "KFENCE: something new"},
	{"BUG: KMSAN: something new", "KMSAN: something new"},
	{"BUG: KCSAN: something new", "KCSAN: something new"},

	{"WARNING: possible recursive locking detected", "possible recursive locking"},
	{"WARNING: possible irq lock inversion dependency detected", "possible irq lock inversion locking"},
	{"WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected", "possible HARDIRQ-safe -> HARDIRQ-unsafe locking"},
	{"[ BUG: Invalid wait context ]", "Invalid wait context"},
	{"WARNING: inconsistent lock state", "inconsistent lock state"},
	{"WARNING: suspicious RCU usage", "suspicious RCU usage"},
	{"WARNING: bad unlock balance detected!", "bad unlock balance detected"},
	{"WARNING: bad contention detected!", "bad contention detected"},
	{"WARNING: held lock freed!", "held lock freed"},
	{"WARNING: Nested lock was not taken", "Nested lock was not taken"},
	{"BUG: workqueue leaked atomic, lock or RCU: kworker/1:2[61]", "workqueue leaked lock or atomic"},
	{"BUG: spinlock lockup suspected on CPU#1, mdadm/52", "spinlock lockup suspected"},
	{"BUG: spinlock recursion on CPU#1, mdadm/52", "spinlock recursion"},
	{"BUG: spinlock cpu recursion on CPU#1, mdadm/52", "spinlock cpu recursion"},
	{"BUG: spinlock already unlocked on CPU#1, mdadm/52", "spinlock already unlocked"},
	{"BUG: spinlock wrong owner on CPU#1, mdadm/52", "spinlock wrong owner"},
	{"BUG: rwlock wrong CPU on CPU#1, mdadm/52, 0000000012345678", "spinlock wrong CPU"},

	{"list_add corruption. next->prev should be prev (ffff888101b3d010), but was 0000000000000000. (next=ffff888104f0e210).", "list_add corruption"},
	{"list_add double add: new=ffff888101b3d010, prev=ffff888101b3d010, next=ffff888104f0e210.", "list_add corruption"},
	{"BUG: Bad rss-counter state mm:00000000a3f1c2e4 type:MM_ANONPAGES val:1", "Bad rss-counter state"},
	{"Trying to vfree() nonexistent vm area (00000000a3f1c2e4)", "Trying to vfree() nonexistent vm"},

	{"NMI watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [mdadm:52]", "soft lockup"},
	{"rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-.... } 21 jiffies s: 45 root: 0x2/.", "RCU stall"},
	{"INFO: task mdadm:52 blocked in I/O wait for more than 20 seconds.", "hung task"},
	{"INFO: task mdadm:52 <writer> blocked on a-mutex for more than 20 seconds.", "hung task"},

	{"Kernel BUG at md_open+0x2c/0x1a0 [verbose debug info unavailable]", "kernel BUG"},
	{"Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP NOPTI", "general protection fault"},
	{"Oops: divide error: 0000 [#1] SMP NOPTI", "divide error"},
	{"int3: 0000 [#1] PREEMPT SMP NOPTI", "int3"},
	{"stack segment: 0000 [#1] PREEMPT SMP NOPTI", "stack segment"},
	{"double fault: 0000 [#1] PREEMPT SMP NOPTI", "double fault"},
	{"alignment check: 0000 [#1] PREEMPT SMP NOPTI", "alignment check"},
	{"bounds: 0000 [#1] PREEMPT SMP NOPTI", "bounds"},
	{"coprocessor segment overrun: 0000 [#1] PREEMPT SMP NOPTI", "coprocessor segment overrun"},
	{"WARNING: stack going in the wrong direction? at md_open+0x2c/0x1a0", "WARNING: stack going in the wrong direction"},

	{"Memory cgroup out of memory: Killed process 52 (mdadm) total-vm:1240516kB, anon-rss:4868kB", "out of memory: killed mdadm"},
	{"traps: mdadm[52] trap invalid opcode ip:40f2ae sp:7ffd4b1c8e10 error:0 in mdadm[401000+6f000]", "crash of mdadm"},
	{"fatal error: all goroutines are asleep - deadlock!", "Go program: all goroutines are asleep - deadlock!"},
}
