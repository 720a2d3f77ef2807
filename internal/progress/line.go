// SPDX-License-Identifier: BSD-3-Clause

package progress

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// clearLine returns the cursor to column 1 and erases the line (ECMA-48 EL).
const clearLine = "\r\x1b[K"

// maxLine keeps the redrawn line from wrapping, which would leave its first
// part behind.
const maxLine = 79

// draw shows what is running: on a terminal all phases on one redrawn line,
// elsewhere one line for each phase that has been silent for plainEvery.
// The caller holds t.mu.
func (t *Tracker) draw(now time.Time) {
	if t.tty {
		var parts []string
		for _, p := range t.running {
			parts = append(parts, p.state(now))
		}
		line := []rune(strings.Join(parts, " | "))
		if len(line) > maxLine {
			line = append(line[:maxLine-1], '…')
		}
		fmt.Fprint(t.w, clearLine, string(line))
		t.drawn = true
		return
	}
	for _, p := range t.running {
		if now.Sub(p.shown) >= plainEvery {
			p.shown = now
			fmt.Fprintf(t.w, "  ... %s\n", p.state(now))
		}
	}
}

// println writes one lasting line. The caller holds t.mu.
func (t *Tracker) println(line string) {
	if t.drawn {
		fmt.Fprint(t.w, clearLine)
		t.drawn = false
	}
	fmt.Fprintln(t.w, line)
	if t.tty && len(t.running) > 0 {
		t.draw(t.now())
	}
}

// Printf writes one lasting line between the phases, so that a message does not
// tear the redrawn line.
func (t *Tracker) Printf(format string, args ...any) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.println(fmt.Sprintf(format, args...))
}

// state is "build 6.1 patched 12/340 31s of ~40s".
func (p *Phase) state(now time.Time) string {
	s := p.name
	if p.total > 0 {
		s += fmt.Sprintf(" %d/%d", p.done, p.total)
	} else if p.done > 0 {
		s += fmt.Sprintf(" %d", p.done)
	}
	s += " " + short(now.Sub(p.started))
	if want := p.t.history.expected(p.name); want > 0 {
		s += " of ~" + short(want)
	}
	return s
}

// endLine is "  12.3s  build 6.1 patched (expected ~40s)" or says how else it ended.
func (p *Phase) endLine(took time.Duration, err error) string {
	line := fmt.Sprintf("%8s  %s", short(took), p.name)
	switch {
	case err != nil && p.t.user.Err() != nil: // a program that was ended says "signal: killed", and not why
		return line + "  interrupted"
	case errors.Is(err, context.Canceled):
		return line + "  abandoned"
	case err != nil:
		return line + "  FAILED"
	}
	if want := p.t.history.expected(p.name); want > 0 && (took > 2*want || want > 2*took) && took > time.Second {
		line += fmt.Sprintf("  (was ~%s)", short(want))
	}
	return line
}

// short prints a duration with the precision that matters: 0.34s, 12.3s, 4m05s.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	default:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}
