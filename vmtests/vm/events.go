// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"mdlife/vmtests/event"
)

// message is what vmtest's guest package writes to its event channel, one JSON
// object a line. It is decoded here, and not by vmtest's qevent package, since
// that gives up on lines of more than 64 KiB, which a race's distributions may
// have.
type message struct {
	Action string      `json:"hugelgupf_vmtest_guest_action"`
	Actual event.Event `json:"Actual"`
}

// The actions of a message.
const (
	actionEvent = "guestevent"
	actionDone  = "done" // the guest closed its channel
)

// maxMessage bounds the memory that a wild guest can take.
const maxMessage = 64 << 20

// readEvents calls each with every event of r, to the end of r. An error says
// what was not an event.
func readEvents(r io.Reader, each func(event.Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxMessage)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("event port: %w in %.200q", err, line)
		}
		switch m.Action {
		case actionEvent:
			each(m.Actual)
		case actionDone:
		default:
			return fmt.Errorf("event port: action %q in %.200q", m.Action, line)
		}
	}
	if err := lines.Err(); err != nil && err != io.EOF {
		return fmt.Errorf("event port: %w", err)
	}
	return nil
}
