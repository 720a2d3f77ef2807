// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"regexp"
	"slices"
	"strings"
)

// patience is how many lines without a stack a report may have before its
// stack is no longer waited for.
const patience = 60

// partial is a report whose lines are still coming.
type partial struct {
	rule    *rule
	first   int
	lines   []string
	frames  []string
	rip     string // function the CPU was in
	acquire string // function that takes the lock, in a lock report
	inStack bool   // within a stack trace
	stacks  int    // stack traces seen
	idle    int    // lines since anything that belongs to a report
	closed  bool
	last    int // number of its last line, once closed
	trigger string
	stamped bool     // its first line had a time stamp
	whole   *Finding // once no more lines can come
}

func newPartial(r *rule, lines []string, first int) *partial {
	d := &partial{rule: r, first: first, lines: slices.Clone(lines), trigger: lines[len(lines)-1]}
	d.closed = r.single
	if m := r.re.FindStringSubmatch(d.trigger); r.kind == Warning && len(m) > 2 {
		d.rip = suffix.ReplaceAllString(m[2], "")
	}
	return d
}

// owns reports whether a line that begins a report by r is a part of this one.
func (d *partial) owns(r *rule) bool { return d.rule.owned(r.kind) && d.stacks == 0 }

// stackHead begins a stack trace. Lock reports have several; theirs of interest
// is the last, after "stack backtrace:".
var stackHead = regexp.MustCompile(`^(?:Call Trace:|[Ss]tack backtrace:|\s*backtrace(?: \(crc [0-9a-f]+\))?:)`)

// accessHead begins the stack of one of the accesses that KCSAN found to race.
var accessHead = regexp.MustCompile(` to 0x[0-9a-f]+ of \d+ bytes by .+ on cpu \d+:$`)

// at names the function that takes the lock, in a lock report.
var at = regexp.MustCompile(`, at: (?:\[<[0-9a-f]+>\] )?` + fn)

// add takes the next line of the log.
func (d *partial) add(line string) {
	if len(d.lines) < maxLines {
		d.lines = append(d.lines, line)
	}
	if m := rip.FindStringSubmatch(line); m != nil && d.rip == "" {
		d.rip = suffix.ReplaceAllString(m[1], "")
	}
	if m := at.FindStringSubmatch(line); m != nil && d.acquire == "" {
		d.acquire = suffix.ReplaceAllString(m[1], "")
	}
	d.idle++
	switch {
	case strings.HasPrefix(line, "---[ end "):
		d.closed = true
	case isBar(line):
		d.closed = d.rule.kind == KASAN && d.stacks > 0
	case accessHead.MatchString(line):
		if len(d.frames) > 0 { // the other access has a stack of its own
			d.endStack()
		}
		d.inStack, d.idle = true, 0
	case stackHead.MatchString(line):
		d.inStack, d.idle = true, 0
		if strings.HasPrefix(strings.ToLower(line), "stack backtrace") {
			d.frames = nil // what came before is how each lock was taken
		}
	case d.inStack:
		d.stackLine(line)
	}
	if d.idle > patience {
		d.closed = true
	}
}

// stackLine takes a line after the head of a stack trace.
func (d *partial) stackLine(line string) {
	trimmed := strings.TrimSpace(line)
	m := frame.FindStringSubmatch(line)
	switch {
	case m != nil:
		d.idle = 0
		if m[1] == "" && d.stacks == 0 && len(d.frames) < 4*maxFrames {
			d.frames = append(d.frames, suffix.ReplaceAllString(m[2], ""))
		}
	case trimmed == "</TASK>":
		d.endStack()
	case trimmed == "" || between.MatchString(trimmed):
	case len(d.frames) > 0:
		d.endStack()
	}
}

// between matches what may stand between frames: the marks of stacks, bare
// addresses, and what an interrupt's entry prints.
var between = regexp.MustCompile(`^(?:<|\? 0x|0x|(?:CPU|Tainted|Hardware name|Workqueue|RIP|Code|RSP|RAX|RDX|RBP|R10|R13|ORIG_RAX|EFLAGS|FS|CS|CR2|DR0|DR3|PKRU|Call Trace|[Ss]tack backtrace):)`)

// endStack is called with the first line behind a stack trace.
func (d *partial) endStack() {
	d.inStack = false
	d.stacks++
	switch d.rule.kind {
	case Oops, Warning, Refcount, KASAN:
		// these have an end of their own
	default:
		d.closed = true
	}
}

// suffix is what the compiler adds to the name of a part or variant of a
// function; it differs from build to build.
var suffix = regexp.MustCompile(`(?:\.(?:constprop|isra|part|cold|lto_priv)(?:\.\d+)?)+$`)

// plumbing are functions that report, wait or trap, and not those that went
// wrong; they are no part of Frames.
var plumbing = regexp.MustCompile(`^(?:dump_stack\w*|show_stack\w*|show_regs|print_\w*(?:report|address|bug|usage|lock)\w*|kasan_\w+|__kasan_\w+|__asan_\w+|check_region_inline|__warn\w*|warn_slowpath\w*|report_bug|handle_bug|exc_\w+|asm_exc_\w+|asm_sysvec_\w+|sysvec_\w+|lockdep_\w+|debug_lockdep\w*|check_(?:noncircular|prev_add|path|deadlock|wait_context)\w*|__lock_acquire|lock_acquire|lock_release|__might_(?:sleep|resched)|___might_sleep|ubsan_\w+|__ubsan_\w+|refcount_warn_saturate|__list_(?:add|del)\w*_valid\w*|sysfs_warn_dup|kobject_add_internal|kmalloc\w*|__kmalloc\w*|kmem_cache_alloc\w*|__kmem_cache_alloc\w*|debug_(?:object|print_object|check)\w*|slab_free\w*|kfree|__kmem_cache_free|kmem_cache_free|check_bytes_and_report|check_object|(?:alloc|free)_debug_processing|bad_page|free_pcp_prepare|free_unref_page\w*|dump_header|oom_kill_process|out_of_memory|__alloc_pages\w*|register_lock_class|umount_check|d_walk|do_one_tree|__schedule\w*|schedule\w*|io_schedule\w*|preempt_schedule\w*|wait_for_\w+|__wait_for_\w+|bit_wait\w*|mutex_lock\w*|__mutex_lock\w*|rwsem_\w+|down_\w+|__down\w*|_raw_spin_\w+|do_raw_\w+|native_queued_\w+|queued_\w+|rcu_(?:dump|sched_clock|check)\w*|watchdog_\w+|nmi_\w+|do_trap|do_error_trap|die|die_addr|no_context|do_user_addr_fault|page_fault_oops|__bad_area\w*|lockdep|panic|m?sleep|ssleep|usleep_range\w*|delay_\w+|__(?:const_)?u?delay|sysfs_create_dir_ns|kobject_add|kobject_add_varg|kthread_stop|synchronize_\w+|__synchronize_\w+|__flush_w\w+|flush_work\w*)$`)

// inner names the function that went wrong.
func (d *partial) inner(frames []string) string {
	switch d.rule.kind {
	case Lockdep:
		if d.acquire != "" && !plumbing.MatchString(d.acquire) && !useless(d.acquire) {
			return d.acquire
		}
	case Oops, Warning, Lockup, RCUStall:
		if d.rip != "" && !plumbing.MatchString(d.rip) {
			return d.rip
		}
	}
	if len(frames) > 0 {
		return frames[0]
	}
	return d.rip
}

// useless are lock helpers whose name says nothing about the place.
func useless(name string) bool {
	return strings.HasPrefix(name, "debug_") || strings.Contains(name, "lock")
}

// finding returns the report as it is known so far.
func (d *partial) finding() Finding {
	var frames []string
	if d.rip != "" && d.rule.kind != Refcount && d.rule.kind != Corruption {
		frames = append(frames, d.rip)
	}
	frames = append(frames, d.frames...)
	clean := slices.DeleteFunc(slices.Clone(frames), plumbing.MatchString)
	if len(clean) == 0 {
		clean = frames
	}
	clean = slices.Compact(clean)
	title := string(d.rule.re.ExpandString(nil, braces.ReplaceAllString(d.rule.title, "$${$1}"), d.trigger, d.rule.re.FindStringSubmatchIndex(d.trigger)))
	if strings.HasSuffix(d.rule.title, " in") {
		if f := d.inner(clean); f != "" {
			title += " " + f
		} else {
			title = strings.TrimSuffix(title, " in")
		}
	}
	return Finding{
		Kind: d.rule.kind, Title: title, Line: d.first,
		Frames: clean[:min(maxFrames, len(clean))], Lines: slices.Clone(d.lines),
	}
}

// braces makes $1 into ${1}, which a letter may follow.
var braces = regexp.MustCompile(`\$(\d)`)
