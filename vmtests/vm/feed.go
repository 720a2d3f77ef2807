// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// prompt is how the guest's shell asks for a command, at the beginning of a line.
const prompt = "\n$ "

// leave is what ends the shell. After a command that has failed, gosh reads on at an
// end of its input, or an exit that hands the status on (runInteractiveSimple()).
const leave = "exit 0\n"

// promptWriter passes on what a guest prints, and tells of each prompt.
type promptWriter struct {
	to      io.Writer
	prompts chan<- struct{} // one that is full is enough
	tail    []byte          // the end of what came, where a prompt may have begun
}

func (w *promptWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	text := append(w.tail, p...)
	for {
		_, after, found := bytes.Cut(text, []byte(prompt))
		if !found {
			break
		}
		select {
		case w.prompts <- struct{}{}:
		default:
		}
		text = after
	}
	w.tail = bytes.Clone(text[max(0, len(text)-len(prompt)+1):])
	return n, err
}

// feed gives a guest's shell the lines of in, each when it asks for one: what comes
// before it listens is lost, and so is more than a line at a time, if it is much.
// After the last line, or instead of an exit, it leaves the shell.
func feed(in io.Reader, prompts <-chan struct{}, to io.Writer) {
	lines := bufio.NewScanner(in)
	for range prompts {
		text := leave
		if lines.Scan() && !isExit(lines.Text()) {
			text = lines.Text() + "\n"
		}
		if _, err := io.WriteString(to, text); err != nil || text == leave {
			return
		}
	}
}

func isExit(line string) bool {
	words := strings.Fields(line)
	return len(words) > 0 && words[0] == "exit"
}
