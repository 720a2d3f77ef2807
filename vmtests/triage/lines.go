// SPDX-License-Identifier: BSD-3-Clause

package triage

import (
	"regexp"
	"strings"
)

var (
	// stamp is what printk puts before a message: the time and, with
	// CONFIG_PRINTK_CALLER, the task or CPU.
	stamp = regexp.MustCompile(`(?:<\d{1,3}>)?\[ {0,5}\d{1,6}\.\d{6}\](?:\[ {0,6}[TC]\d{1,8}\])? ?`)
	// leak is what kmemleak puts before each line of a report that it prints by itself.
	leak = regexp.MustCompile(`^kmemleak: (unreferenced|  )`)
	// escape is a terminal's control sequence.
	escape = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)
	// frame is a line of a stack trace: a function with offset and size, and
	// perhaps a module.
	frame = regexp.MustCompile(`^\s*(?:\[<[0-9a-f]+>\]\s*)?(\? )?([A-Za-z_][\w.]*)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[\w-]+\])?\s*$`)
	// rip is where the CPU was; a system call's own RIP has no function.
	rip = regexp.MustCompile(`^RIP: [0-9a-f]{4}:(?:\[<[0-9a-f]+>\] )?([A-Za-z_][\w.]*)\+0x`)
)

// message is a line of the log without what printk puts before it.
type message struct {
	text    string
	stamped bool // the kernel's, or at least it had a time stamp
}

// split cuts a raw line into messages. Where a program's output
// and the kernel's share a line, each becomes a message of its own.
func split(raw string) []message {
	if len(raw) > maxLine {
		raw = raw[:maxLine]
	}
	raw = strings.TrimRight(raw, "\r\n")
	if strings.IndexByte(raw, 0x1b) >= 0 {
		raw = escape.ReplaceAllString(raw, "")
	}
	at := stamp.FindStringIndex(raw)
	if at == nil {
		return []message{{strings.TrimPrefix(raw, "\r"), false}}
	}
	var out []message
	if before := strings.TrimSpace(raw[:at[0]]); before != "" {
		out = append(out, message{before, false})
	}
	rest := raw[at[1]:]
	if next := stamp.FindStringIndex(rest); next != nil {
		// The second message begins where another CPU's stamp does.
		return append(append(out, message{strings.TrimRight(rest[:next[0]], " "), true}), split(rest[next[0]:])...)
	}
	return append(out, message{leak.ReplaceAllString(strings.TrimRight(rest, " \r"), "$1"), true})
}

// isHead reports whether a line opens the report that the next lines name.
func isHead(line string) bool {
	return strings.HasPrefix(line, "------------[ cut here ]") || isBar(line)
}

// isBar reports whether a line is a bar of '=', as lock and KASAN reports have.
func isBar(line string) bool {
	return len(line) >= 10 && strings.Trim(line, "=") == ""
}
