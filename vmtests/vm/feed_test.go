// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// TestFeed plays a guest that loses what comes before its prompt.
func TestFeed(t *testing.T) {
	for _, input := range []string{"uname -r\necho $ 5\n", "uname -r\necho $ 5\n exit 3\necho never\n"} {
		testFeed(t, input)
	}
}

func testFeed(t *testing.T, input string) {
	prompts := make(chan struct{}, 1)
	var seen bytes.Buffer
	w := &promptWriter{to: &seen, prompts: prompts}
	typed, keyboard := io.Pipe()
	ended := make(chan bool)
	go func() {
		feed(strings.NewReader(input), prompts, keyboard)
		close(ended)
	}()
	buf := make([]byte, 100)
	for _, step := range []struct{ prints, reads string }{
		{"booting\r\nprice: $ 5\r\n$ ", "uname -r\n"},
		{"uname -r\r\n6.1\r\n$", ""},
		{" ", "echo $ 5\n"},
		{"echo $ 5\r\n$ 5\r\n", leave},
		{"\n$ \n$ bye\n", ""}, // nobody waits for these
	} {
		if _, err := io.WriteString(w, step.prints); err != nil {
			t.Fatal(err)
		}
		if step.reads == "" {
			continue
		}
		n, err := typed.Read(buf)
		if got := string(buf[:n]); got != step.reads || err != nil {
			t.Errorf("after %q the guest got %q, %v", step.prints, got, err)
		}
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("does not end with its input")
	}
	if !strings.HasPrefix(seen.String(), "booting") || !strings.HasSuffix(seen.String(), "bye\n") {
		t.Errorf("passed on %q", seen.String())
	}
}
