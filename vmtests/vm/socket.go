// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// chardevSocket is a socket pair between this process and a character device of QEMU.
// It ends when QEMU does.
type chardevSocket struct {
	host  net.Conn
	guest *os.File // QEMU's end
}

func newSocket(name string) (*chardevSocket, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket pair for %s: %w", name, err)
	}
	ours := os.NewFile(uintptr(fds[0]), name)
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		unix.Close(fds[1])
		return nil, err
	}
	return &chardevSocket{host: conn, guest: os.NewFile(uintptr(fds[1]), name)}, nil
}

// close closes both ends.
func (s *chardevSocket) close() {
	s.host.Close()
	s.guest.Close()
}
