// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// kmsg reads the kernel's messages from the time it was opened on.
type kmsg struct{ fd int }

func openKmsg() (*kmsg, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/kmsg: %w", err)
	}
	if _, err := unix.Seek(fd, 0, unix.SEEK_END); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("/dev/kmsg: %w", err)
	}
	return &kmsg{fd}, nil
}

// find returns the first new message that holds a text.
func (k *kmsg) find(text string) (string, bool) {
	buf := make([]byte, 8192)
	for {
		n, err := unix.Read(k.fd, buf) // one record; EPIPE: some were overwritten
		if errors.Is(err, unix.EPIPE) {
			continue
		}
		if err != nil || n <= 0 {
			return "", false
		}
		_, msg, _ := strings.Cut(string(buf[:n]), ";")
		if msg, _, _ = strings.Cut(msg, "\n"); strings.Contains(msg, text) {
			return msg, true
		}
	}
}

func (k *kmsg) close() { unix.Close(k.fd) }
