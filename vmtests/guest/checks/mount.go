// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ext4 is an empty file system of 1 MiB, since the guest has no mke2fs:
//
//	truncate -s 1M ext4.img
//	mke2fs -t ext4 -O ^has_journal,^resize_inode,^metadata_csum -N 16 -m 0 -L mdlife ext4.img
//	gzip -9n ext4.img
//
//go:embed ext4.img.gz
var ext4 []byte

// mountHolds mounts a file system on a running array, and looks for a file in it
// after the array has been stopped and started again.
func mountHolds(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if err := d.makeExt4(fd); err != nil {
		return "", err
	}
	const text = "written before the array was stopped"
	err = d.mounted(func(dir string) error {
		if err := os.WriteFile(dir+"/file", []byte(text), 0o600); err != nil {
			return err
		}
		return d.busy(fd, "a mounted file system")
	})
	if err != nil {
		return "", err
	}
	if err := d.stopSoon(fd); err != nil {
		return "", err
	}
	if fd, err = d.running(e.raid1); err != nil {
		return "", err
	}
	err = d.mounted(func(dir string) error {
		got, err := os.ReadFile(dir + "/file")
		if err == nil && string(got) != text {
			err = fmt.Errorf("the file holds %q", got)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("after a stop and a start: %w", err)
	}
	if err := d.stopSoon(fd); err != nil {
		return "", err
	}
	return "a mounted ext4 kept the array from being stopped; unmounted, stopped and started again, its file was there", nil
}

// makeExt4 writes the empty file system to the array.
func (d *disk) makeExt4(fd int) error {
	unpack, err := gzip.NewReader(bytes.NewReader(ext4))
	if err != nil {
		return fmt.Errorf("the embedded file system: %w", err)
	}
	image, err := io.ReadAll(unpack)
	if err != nil {
		return fmt.Errorf("the embedded file system: %w", err)
	}
	if n, err := unix.Pwrite(fd, image, 0); err != nil || n != len(image) {
		return fmt.Errorf("write a file system to %s: %d of %d bytes, %v", d.name, n, len(image), err)
	}
	return nil
}

// mounted runs f with the array's file system mounted.
func (d *disk) mounted(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "mount-")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if err := unix.Mount(d.node, dir, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", d.name, err)
	}
	err = f(dir)
	if umount := unix.Unmount(dir, 0); umount != nil && err == nil {
		err = fmt.Errorf("unmount %s: %w", d.name, umount)
	}
	return err
}
