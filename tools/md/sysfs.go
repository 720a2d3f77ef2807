// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Values of md/array_state (Documentation/admin-guide/md.rst).
const (
	StateClear    = "clear"    // no array; writing it stops one
	StateInactive = "inactive" // configured, not running; writing it stops, but keeps the configuration
	StateReadonly = "readonly"
	StateReadAuto = "read-auto"
	StateActive   = "active"
)

// ReadAttr reads an attribute of a block device in one read(2), trimmed:
// ReadAttr("md0", "md/level"). The error is the errno: ENOENT says that the
// device is gone, ENODEV or EBUSY that it is going.
func ReadAttr(name, attr string) (string, error) {
	fd, err := unix.Open(sysPath(name, attr), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	buf := make([]byte, 4096) // sysfs never gives more than a page
	n, err := unix.Read(fd, buf)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(buf[:n])), nil
}

// WriteAttr writes an attribute of a block device in one write(2). The error
// is the errno of the open or the write.
func WriteAttr(name, attr, value string) error {
	return writeOnce(sysPath(name, attr), value)
}

// SetArrayState writes md/array_state: [StateClear] stops an array. EBUSY: the
// array runs and somebody has it open. EINVAL: not a state to go to.
func SetArrayState(name, state string) error {
	return WriteAttr(name, "md/array_state", state)
}

// AddMember writes a member's number to md/new_dev. EBUSY: the member is held.
func AddMember(name string, major, minor uint32) error {
	return WriteAttr(name, "md/new_dev", fmt.Sprintf("%d:%d", major, minor))
}

// DevNumber reads a block device's number from /sys/block/NAME/dev.
func DevNumber(name string) (major, minor uint32, err error) {
	s, err := ReadAttr(name, "dev")
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(s, "%d:%d", &major, &minor); err != nil {
		return 0, 0, fmt.Errorf("/sys/block/%s/dev holds %q: %w", name, s, err)
	}
	return major, minor, nil
}

// WriteFile writes an existing file of sysfs or procfs with one write(2). The error
// is the errno of the open or the write.
func WriteFile(path, value string) error { return writeOnce(path, value) }

// writeOnce opens an existing file and writes value with one write(2).
func writeOnce(path, value string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(value))
	return err
}
