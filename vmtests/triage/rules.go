// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"regexp"
	"slices"
)

// Kinds of findings.
const (
	Panic      = "panic"
	Oops       = "oops"       // bad access, protection fault, BUG_ON
	Warning    = "warning"    // WARN_ON
	Lockdep    = "lockdep"    // lock dependency, state, RCU usage, sleeping while atomic
	KASAN      = "kasan"      // and KFENCE, KCSAN, KMSAN
	UBSAN      = "ubsan"      //
	RCUStall   = "rcu-stall"  //
	HungTask   = "hung-task"  //
	Lockup     = "lockup"     // soft and hard lockups
	Workqueue  = "workqueue"  // a worker pool that does not get on
	Duplicate  = "duplicate"  // the same sysfs name twice
	Refcount   = "refcount"   //
	Corruption = "corruption" // lists, slabs, page states, object life times
	Leak       = "leak"       // kmemleak
	OOM        = "oom"        //
	Program    = "program"    // a program in the guest crashed
)

// rule recognises the first line of a report.
type rule struct {
	kind string
	re   *regexp.Regexp
	// title with $1, $2 … from re. Where it ends in " in", the function that
	// went wrong is added.
	title string
	// single reports have no stack: they are the one line.
	single bool
	// owns are kinds whose first lines are a part of this report: the BUG at
	// lib/list_debug.c is only how a list corruption ends.
	owns []string
	// consequence of an earlier finding; a finding by itself only if there is
	// none.
	consequence bool
	// repeat of an earlier finding of the same kind, if that has just ended.
	repeat bool
}

// repeatWithin is how many lines after a finding a repeat of it may come.
const repeatWithin = 4

// fn is a function with offset and size; the group is its name.
const fn = `([A-Za-z_][\w.]*)(?:\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?)?`

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// rules are tried in order. The messages are those of Linux 6.1 to 7.2.
var rules = []rule{
	{kind: KASAN, re: re(`^BUG: (KCSAN): ([\w -]+?) in (\S+ / \S+)$`), title: "$1: $2 in $3"},
	{kind: KASAN, re: re(`^BUG: (KASAN|KFENCE|KMSAN|KCSAN): ([\w -]+?) in ` + fn), title: "$1: $2 in $3"},
	{kind: KASAN, re: re(`^BUG: (KASAN|KFENCE|KMSAN|KCSAN): (.+)$`), title: "$1: $2"},
	{kind: UBSAN, re: re(`^UBSAN: ([\w-]+) in (\S+?):\d+`), title: "UBSAN: $1 in $2"},

	{kind: Lockdep, re: re(`^WARNING: (?:possible )?(circular|recursive|irq lock inversion|\S+-safe -> \S+-unsafe) (?:locking|locking dependency|dependency|lock order) detected`), title: "possible $1 locking in"},
	{kind: Lockdep, re: re(`^(?:WARNING: )?(?:\[ )?(?:BUG: )?([Ii]nvalid wait context|[Ii]nconsistent lock state|[Ss]uspicious RCU usage|[Bb]ad unlock balance detected|[Bb]ad contention detected|[Hh]eld lock freed|[Ll]ock held when returning to user space|[Nn]ested lock was not taken)\b`), title: "$1 in"},
	{kind: Lockdep, re: re(`^WARNING: \S+/\d+ still has locks held!`), title: "still has locks held in"},
	{kind: Lockdep, re: re(`^INFO: trying to register non-static key`), title: "non-static lock key in"},
	{kind: Lockdep, re: re(`^BUG: sleeping function called from invalid context at ([^:\s]+)`), title: "sleeping function called from invalid context in"},
	{kind: Lockdep, re: re(`^BUG: scheduling while atomic`), title: "scheduling while atomic in"},
	{kind: Lockdep, re: re(`^BUG: workqueue leaked (?:lock or )?atomic`), title: "workqueue leaked lock or atomic in"},
	{kind: Lockdep, re: re(`^BUG: MAX_\w+ too low`), title: "lockdep ran out of room"},
	{kind: Lockdep, re: re(`^BUG: (?:rw|spin)lock (bad magic|lockup suspected|(?:cpu )?recursion|already unlocked|wrong (?:CPU|owner))`), title: "spinlock $1 in"},

	{kind: Refcount, re: re(`^refcount_t: ([\w;, -]+?)\.?$`), title: "refcount_t: $1 in", owns: []string{Warning}},
	{kind: Corruption, re: re(`^(list_(?:add|del)) (?:double add|corruption)`), title: "$1 corruption in", owns: []string{Oops, Warning}},
	{kind: Corruption, re: re(`^ODEBUG: ([\w ]+?) \(.*object type: (\w+)`), title: "ODEBUG: $1 $2 in", owns: []string{Warning}},
	{kind: Corruption, re: re(`^BUG ([\w-]+) \(.*?\): ([\w ]+)`), title: "slab $1: $2"},
	{kind: Corruption, re: re(`^BUG: (Bad page \w+|Bad rss-counter state)`), title: "$1"},
	{kind: Corruption, re: re(`^BUG: Dentry \S+ +still in use`), title: "dentry still in use in", owns: []string{Warning}},
	{kind: Corruption, re: re(`^(VFS: Busy inodes after unmount|Trying to vfree\(\) \w+ \w+)`), title: "$1", owns: []string{Oops, Warning}},
	{kind: Duplicate, re: re(`^sysfs: cannot create duplicate filename '([^']*)'`), title: "sysfs: cannot create duplicate filename '$1'", owns: []string{Duplicate}},
	{kind: Duplicate, re: re(`^kobject_add_internal failed for (\S+) with -EEXIST`), title: "kobject_add_internal failed for $1 with -EEXIST", single: true, repeat: true},

	{kind: Lockup, re: re(`^(?:NMI )?watchdog: BUG: (soft) lockup - CPU#\d+ stuck`), title: "$1 lockup in"},
	{kind: Lockup, re: re(`Watchdog detected (hard) LOCKUP`), title: "$1 lockup in"},
	{kind: Workqueue, re: re(`^BUG: workqueue lockup - pool`), title: "workqueue lockup"},
	{kind: RCUStall, re: re(`^(?:rcu: )?INFO: (rcu_\w+) (?:self-)?detected (?:expedited )?stalls? on`), title: "RCU stall in", owns: []string{RCUStall}},
	{kind: HungTask, re: re(`^INFO: task (\S+?):\d+ (?:<\S+> )?blocked (?:in I/O wait )?(?:on \S+ )?for more than \d+ seconds`), title: "hung task in"},

	{kind: Oops, re: re(`^(?:kernel BUG at \S+?:\d+!|Kernel BUG at \S+ \[verbose debug info unavailable)`), title: "kernel BUG in", owns: []string{Oops}},
	{kind: Oops, re: re(`^BUG: kernel NULL pointer dereference`), title: "NULL pointer dereference in", owns: []string{Oops}},
	{kind: Oops, re: re(`^BUG: unable to handle page fault`), title: "bad memory access in", owns: []string{Oops}},
	{kind: Oops, re: re(`^BUG: (?:\S+ )?stack guard page was hit`), title: "stack overflow in", owns: []string{Oops}},
	{kind: Oops, re: re(`^(?:Oops: )?general protection fault(?:,|:)`), title: "general protection fault in", owns: []string{Oops, KASAN}},
	{kind: Oops, re: re(`^(?:Oops: )?(divide error|invalid opcode|int3|stack segment|double fault|alignment check|bounds|coprocessor segment overrun): [0-9a-f]{4} `), title: "$1 in", owns: []string{Oops}},
	{kind: Oops, re: re(`^(?:Oops: )+[0-9a-f]{4} `), title: "oops in", owns: []string{Oops}},
	{kind: Warning, re: re(`^WARNING: CPU: \d+ PID: \d+ at (\S+?):\d+ ` + fn), title: "WARNING in"},
	{kind: Warning, re: re(`^WARNING: (\S+?):\d+ at ` + fn + `, CPU#\d+`), title: "WARNING in"},
	{kind: Warning, re: re(`^WARNING: CPU: \d+ PID: \d+ at (\S+?):\d+`), title: "WARNING at $1"},
	{kind: Warning, re: re(`^WARNING: CPU: \d+ PID: \d+ at ([A-Za-z_][\w.]*)\+0x`), title: "WARNING in $1"},
	{kind: Warning, re: re(`^WARNING: stack (recursion|going in the wrong direction)`), title: "WARNING: stack $1"},

	{kind: Leak, re: re(`^kmemleak: \d+ new suspected memory leaks`), title: "kmemleak: new suspected memory leaks", single: true, repeat: true},
	{kind: Leak, re: re(`^unreferenced object 0x[0-9a-f]+ \(size \d+\):`), title: "memory leak in"},
	{kind: Panic, re: re(`^Kernel panic - not syncing: (.+?)(?: ?\(\d+,\d+\))?$`), title: "panic: $1", consequence: true},
	{kind: OOM, re: re(`^(?:Out of memory|Memory cgroup out of memory): Killed process \d+ \((\S+?)\)`), title: "out of memory: killed $1", single: true},
	{kind: OOM, re: re(`^\S+ invoked oom-killer`), title: "out of memory in"},
	{kind: Program, re: re(`^(?:traps: )?([\w./-]+)\[\d+\]:? (?:segfault at|general protection|trap )`), title: "crash of $1", single: true},
	{kind: Program, re: re(`^(?:panic|fatal error): (.+)$`), title: "Go program: $1"},
}

// match returns the rule whose report begins with the line, nil if none does.
func match(line string) *rule {
	if len(line) < 8 {
		return nil
	}
	for i := range rules {
		if rules[i].re.MatchString(line) {
			return &rules[i]
		}
	}
	return nil
}

// owned reports whether a report of rule r includes first lines of kind.
func (r *rule) owned(kind string) bool { return slices.Contains(r.owns, kind) }
