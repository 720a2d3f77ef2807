// SPDX-License-Identifier: BSD-3-Clause

// Package triage finds in a Linux console log what no healthy kernel prints:
// panics, oopses, warnings, lock reports, stalls, corruption. Each finding gets
// a title that is the same whenever the same thing goes wrong, as in
// syzkaller's reports, and the first functions of its stack.
package triage

import (
	"cmp"
	"strings"
)

// Limits that keep a wild log from filling memory.
const (
	maxFindings = 100 // further ones are dropped
	maxLines    = 400 // of one finding
	maxLine     = 4096
	maxFrames   = 5
)

// Finding is one report of the kernel.
type Finding struct {
	Kind    string   `json:"kind"`              // one of the kinds in rules.go: "warning", "lockdep", …
	Title   string   `json:"title"`             // one line that identifies it: "WARNING in md_open"
	Frames  []string `json:"frames"`            // the first five functions of its stack, without offsets
	Line    int      `json:"line"`              // number of its first line in the console log, from 1
	Allowed string   `json:"allowed,omitempty"` // why it is expected ([Allow].Reason); "" if it is not
	Console string   `json:"console,omitempty"` // the log, where a kernel has several; the caller's to say

	Lines []string `json:"-"` // the report, without time stamps
}

// Allow is an entry of the list of expected findings.
type Allow struct {
	Base   string // kernel base that it holds for; the caller selects by it
	Text   string // part of the title or of a line of the report
	Reason string // shown with the finding
}

// Scan returns the findings of a whole log.
func Scan(log string, allow ...Allow) []Finding {
	s := NewScanner(allow...)
	for line := range strings.Lines(log) {
		s.Add(line)
	}
	return s.Findings()
}

// Scanner finds reports in a log as it grows. It is not safe for concurrent
// use. The zero value allows nothing and is ready to use.
type Scanner struct {
	allow []Allow
	line  int        // lines seen
	found []*partial // in order of their first lines
	open  *partial   // the last of found, if its end has not been seen
	head  []string   // lines that belong to a report if one follows
}

// NewScanner returns a scanner that marks what allow expects.
func NewScanner(allow ...Allow) *Scanner { return &Scanner{allow: allow} }

// Add takes the next line of the log, with or without its newline. It returns
// true where this line is the first of a report.
func (s *Scanner) Add(raw string) bool {
	s.line++
	begins := false
	for _, m := range split(raw) {
		if s.open != nil && s.open.stamped && !m.stamped {
			continue // a program speaks while the kernel reports
		}
		begins = s.add(m) || begins
	}
	return begins
}

func (s *Scanner) add(m message) bool {
	line := m.text
	r := match(line)
	if r != nil && s.open != nil && s.open.owns(r) {
		r = nil
	}
	if r != nil && s.reported(r) {
		r = nil
	}
	if r == nil {
		s.extend(line)
		return false
	}
	if len(s.found) >= maxFindings {
		s.open = nil
		return false
	}
	s.open = newPartial(r, append(s.head, line), s.line-len(s.head))
	s.open.stamped = m.stamped
	s.head = nil
	s.found = append(s.found, s.open)
	if s.open.closed {
		s.close()
	}
	return true
}

// reported reports whether a report by r says nothing new: a panic because of what
// has been found, or another complaint about the same.
func (s *Scanner) reported(r *rule) bool {
	if len(s.found) == 0 {
		return false
	}
	last := s.found[len(s.found)-1]
	near := s.open == last || s.line-last.last <= repeatWithin
	return r.consequence || r.repeat && last.rule.kind == r.kind && near
}

// close ends the open report.
func (s *Scanner) close() {
	s.open.last = s.line
	s.open = nil
}

// extend gives a line to the open report or keeps it as the head of the next.
func (s *Scanner) extend(line string) {
	switch {
	case isHead(line):
		if s.open != nil {
			s.open.add(line)
		}
		s.head = []string{line}
		return
	case len(s.head) > 0 && line == "":
		return
	}
	s.head = nil
	if s.open == nil {
		return
	}
	s.open.add(line)
	if s.open.closed {
		s.close()
	}
}

// Findings returns what has been found so far; the last finding may grow as
// more lines come.
func (s *Scanner) Findings() []Finding {
	var out []Finding
	for _, p := range s.found {
		f := p.whole
		if f == nil {
			f = s.finding(p)
			if p != s.open { // it will not grow any more
				p.whole = f
			}
		}
		out = append(out, *f)
	}
	return out
}

// finding makes a finding of what is known of a report, and marks it if it is expected.
func (s *Scanner) finding(p *partial) *Finding {
	f := p.finding()
	for _, a := range s.allow {
		if a.Text != "" && f.contains(a.Text) {
			f.Allowed = cmp.Or(a.Reason, "allowed: "+a.Text)
			break
		}
	}
	return &f
}

// Expected splits findings into those that are allowed and the others.
func Expected(all []Finding) (expected, rest []Finding) {
	for _, f := range all {
		if f.Allowed != "" {
			expected = append(expected, f)
		} else {
			rest = append(rest, f)
		}
	}
	return expected, rest
}

func (f Finding) contains(text string) bool {
	if strings.Contains(f.Title, text) {
		return true
	}
	for _, l := range f.Lines {
		if strings.Contains(l, text) {
			return true
		}
	}
	return false
}

// String is the title with the first frames.
func (f Finding) String() string {
	if len(f.Frames) == 0 {
		return f.Title
	}
	return f.Title + " (" + strings.Join(f.Frames, " < ") + ")"
}
