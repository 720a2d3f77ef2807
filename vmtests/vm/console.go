// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"sync"

	"mdlife/vmtests/triage"
)

// tailLines is how many of the console's last lines an error shows.
const tailLines = 40

// maxConsoleLine ends a line that has no end: a guest may write anything.
const maxConsoleLine = 16 << 10

// console keeps what the guest's serial port says.
type console struct {
	log io.Writer // keeps every byte; may be nil

	mu      sync.Mutex
	scanner *triage.Scanner
	tail    []string
	partial []byte
	lines   int
	fresh   int // findings at the last look
	marked  bool
	dump    []string // lines since mark
}

// maxDump bounds what since returns.
const maxDump = 2000

// openLog creates the log file, with its directory.
func openLog(path string) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.Create(path)
}

// follow reads r to its end. heard is called after every read that ended a
// line, with whether a report began that nothing allows.
func (c *console) follow(r io.Reader, heard func(finding bool)) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if c.log != nil {
				if _, err := c.log.Write(buf[:n]); err != nil {
					return err
				}
			}
			if ended, finding := c.take(buf[:n]); ended {
				heard(finding)
			}
		}
		if err != nil {
			if _, finding := c.take([]byte("\n")); finding {
				heard(true)
			}
			return nil // QEMU has gone, or its end was closed
		}
	}
}

// take splits what was read into lines.
func (c *console) take(b []byte) (ended, finding bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			c.partial = append(c.partial, b...)
			b = nil
			if len(c.partial) < maxConsoleLine {
				break
			}
		} else {
			c.partial = append(c.partial, b[:i]...)
			b = b[i+1:]
		}
		ended = true
		c.line(string(bytes.TrimRight(c.partial, "\r")))
		c.partial = c.partial[:0]
	}
	_, unexpected := triage.Expected(c.scanner.Findings())
	finding = len(unexpected) > c.fresh
	c.fresh = len(unexpected)
	return ended, finding
}

func (c *console) line(s string) {
	c.lines++
	c.scanner.Add(s)
	if len(c.tail) == tailLines {
		c.tail = append(c.tail[:0], c.tail[1:]...)
	}
	c.tail = append(c.tail, s)
	if c.marked && len(c.dump) < maxDump {
		c.dump = append(c.dump, s)
	}
}

// mark begins to keep lines for [console.since].
func (c *console) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marked, c.dump = true, nil
}

// since returns the lines since mark.
func (c *console) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.dump...)
}

// findings returns the findings so far, those that are allowed apart.
func (c *console) findings() (allowed, rest []triage.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return triage.Expected(c.scanner.Findings())
}

// last returns the last lines.
func (c *console) last() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.tail...)
}
