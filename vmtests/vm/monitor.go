// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// monitor speaks QMP, QEMU's control protocol (docs/interop/qmp-spec).
type monitor struct {
	conn  net.Conn
	lines *bufio.Scanner
	ready bool
}

// answerLimit is how long QEMU may take to answer.
var answerLimit = 2 * time.Second

func newMonitor(conn net.Conn) *monitor {
	return &monitor{conn: conn, lines: bufio.NewScanner(conn)}
}

// monitorArgs connect the monitor to chardev "monitor".
func monitorArgs() []string { return []string{"-mon", "chardev=monitor,mode=control"} }

// execute runs a command; the first use negotiates.
func (m *monitor) execute(command string, args any) error {
	if err := m.conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return err
	}
	if !m.ready {
		if err := m.call("qmp_capabilities", nil); err != nil {
			return err
		}
		m.ready = true
	}
	return m.call(command, args)
}

func (m *monitor) call(command string, args any) error {
	b, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, args})
	if err != nil {
		return err
	}
	if _, err := m.conn.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	for m.lines.Scan() {
		var answer struct {
			Return json.RawMessage `json:"return"`
			Error  *struct {
				Desc string `json:"desc"`
			} `json:"error"`
		}
		if err := json.Unmarshal(m.lines.Bytes(), &answer); err != nil {
			return fmt.Errorf("QMP %s: %w", command, err)
		}
		switch {
		case answer.Error != nil:
			return fmt.Errorf("QMP %s: %s", command, answer.Error.Desc)
		case answer.Return != nil:
			return nil
		} // else the greeting or an event
	}
	return fmt.Errorf("QMP %s: no answer (%v)", command, m.lines.Err())
}

// sendBreak puts a break condition on the console's line; the character that
// comes next is a magic SysRq command.
func (m *monitor) sendBreak() error {
	return m.execute("chardev-send-break", map[string]string{"id": "console"})
}
