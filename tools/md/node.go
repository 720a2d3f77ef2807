// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Mknod makes a block device node for a number at path, replacing the one that is
// there. A private node does not come and go with devtmpfs or udev, so an open
// of it always reaches the block layer.
func Mknod(path string, major, minor uint32) error {
	err := unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor)))
	if errors.Is(err, unix.EEXIST) {
		if err = unix.Unlink(path); err == nil {
			err = unix.Mknod(path, unix.S_IFBLK|0o600, int(unix.Mkdev(major, minor)))
		}
	}
	if err != nil {
		return fmt.Errorf("mknod %s b %d %d: %w (run as root, not on a nodev mount)", path, major, minor, err)
	}
	return nil
}

// Nodes is a directory of private device nodes (see [Mknod]).
type Nodes struct{ dir string }

// NewNodes makes an empty one: in /dev, since a mount for temporary files may be nodev.
func NewNodes() (Nodes, error) {
	dir, err := os.MkdirTemp("/dev", ".mdlife-")
	if err != nil {
		return Nodes{}, fmt.Errorf("no place for device nodes: %w (run as root)", err)
	}
	return Nodes{dir}, nil
}

// Make makes a node for a number, replacing an earlier one for the same number, and
// returns its path.
func (n Nodes) Make(major, minor uint32) (string, error) {
	path := filepath.Join(n.dir, fmt.Sprintf("%d:%d", major, minor))
	return path, Mknod(path, major, minor)
}

// Remove removes the directory with all its nodes. Devices that are open stay so.
func (n Nodes) Remove() { _ = os.RemoveAll(n.dir) }

// PrivateNode makes one private device node. remove removes it, and must be called.
func PrivateNode(major, minor uint32) (path string, remove func(), err error) {
	nodes, err := NewNodes()
	if err != nil {
		return "", nil, err
	}
	path, err = nodes.Make(major, minor)
	if err != nil {
		nodes.Remove()
		return "", nil, err
	}
	return path, nodes.Remove, nil
}

// Claimed reports whether somebody has the disk behind a node open with O_EXCL: a
// file system that is mounted, an array that has it as a member.
func Claimed(node string) bool {
	fd, err := Open(node, unix.O_RDONLY|unix.O_EXCL)
	if err == nil {
		unix.Close(fd)
	}
	return errors.Is(err, unix.EBUSY)
}

// NumberOf returns the major and minor number behind a block device node.
func NumberOf(path string) (major, minor uint32, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFBLK {
		return 0, 0, fmt.Errorf("%s: not a block device", path)
	}
	return unix.Major(st.Rdev), unix.Minor(st.Rdev), nil
}
