// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// nodes knows the md device nodes of a directory. It reads the directory anew
// only when inotify says that it has changed: to list /dev a thousand times a
// second takes most of an emulated CPU.
type nodes struct {
	dir     string
	inotify int
	known   []string
}

// watchNodes watches /dev.
func watchNodes() (*nodes, error) { return watchDir("/dev") }

func watchDir(dir string) (*nodes, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("inotify: %w", err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	n := &nodes{dir: dir, inotify: fd}
	n.read()
	return n, nil
}

// list returns the paths of the md block devices that are there now.
func (n *nodes) list() []string {
	if n.changed() {
		n.read()
	}
	return n.known
}

// changed takes what inotify has to say; what it says does not matter.
func (n *nodes) changed() bool {
	var events [4096]byte
	any := false
	for {
		if got, err := unix.Read(n.inotify, events[:]); err != nil || got <= 0 {
			return any
		}
		any = true
	}
}

func (n *nodes) read() {
	n.known = nil
	entries, _ := os.ReadDir(n.dir)
	for _, e := range entries {
		isBlock := e.Type()&os.ModeDevice != 0 && e.Type()&os.ModeCharDevice == 0
		if isBlock && strings.HasPrefix(e.Name(), "md") {
			n.known = append(n.known, filepath.Join(n.dir, e.Name()))
		}
	}
}

func (n *nodes) close() { unix.Close(n.inotify) }
