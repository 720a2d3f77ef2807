// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// Others that use an array keep it from being stopped (R18).
func init() {
	register(holders, expedited(
		check{"R18-exclusive-open", "R18", exclusiveOpen},
		check{"R18-partition", "R18", partitionHolds},
		check{"R18-md-on-md", "R18", mdHolds},
		check{"R18-loop-on-md", "R18", loopHolds},
		check{"R18-dm-on-md", "R18", dmHolds},
		check{"R18-mount", "R18", mountHolds},
		check{"R18-swap", "R18", swapHolds},
	)...)
}

// busy fails unless neither STOP_ARRAY on fd nor "clear" stops the array.
func (d *disk) busy(fd int, holder string) error {
	if err := want("STOP_ARRAY under "+holder, md.StopArray(fd), unix.EBUSY); err != nil {
		return err
	}
	return want("clear under "+holder, md.SetArrayState(d.name, md.StateClear), unix.EBUSY)
}

func exclusiveOpen(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	claim, err := d.open(unix.O_RDONLY | unix.O_EXCL)
	if err != nil {
		return "", err
	}
	_, err = d.open(unix.O_RDWR | unix.O_EXCL)
	if err := want("a second O_EXCL open", err, unix.EBUSY); err != nil {
		return "", err
	}
	plain, err := d.open(unix.O_RDWR)
	if err != nil {
		return "", fmt.Errorf("beside an O_EXCL holder: %w", err)
	}
	e.close(plain)
	if err := d.busy(fd, "an O_EXCL holder"); err != nil {
		return "", err
	}
	e.close(claim)
	if err := d.removable(fd); err != nil {
		return "", err
	}
	return "a second O_EXCL open got EBUSY, a plain one succeeded, STOP_ARRAY and clear got EBUSY; after the close it stopped and went", nil
}

func partitionHolds(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	if err := md.WritePartition(fd, 2048, 8192); err != nil {
		return "", err
	}
	name := d.name + "p1"
	major, minor, err := md.PartitionNumber(d.name, name)
	if err != nil {
		return "", err
	}
	part := &disk{env: e, name: name, minor: minor}
	if part.node, err = e.nodes.Make(major, minor); err != nil {
		return "", err
	}
	pfd, err := part.open(unix.O_RDWR)
	if err != nil {
		return "", err
	}
	if err := d.busy(fd, "an open partition"); err != nil {
		return "", err
	}
	e.close(pfd)
	if err := md.WritePartition(fd, 0, 0); err != nil { // the members outlive the array
		return "", err
	}
	if err := d.removable(fd); err != nil {
		return "", err
	}
	_, err = part.open(unix.O_RDONLY)
	if err := want("an open of the partition once the array has gone", err, unix.ENXIO); err != nil {
		return "", err
	}
	return "an open partition kept the array from being stopped; then it stopped, and the partition went with it", nil
}

func mdHolds(e *env) (string, error) {
	inner, err := e.fresh()
	if err != nil {
		return "", err
	}
	outer, err := e.fresh()
	if err != nil {
		return "", err
	}
	ifd, err := inner.running(e.raid1)
	if err != nil {
		return "", err
	}
	stack, err := md.Raid1(inner.node)
	if err != nil {
		return "", err
	}
	stack.Disks = 2 // one is missing: degraded, but running
	ofd, err := outer.running(stack)
	if err != nil {
		return "", fmt.Errorf("md on md: %w", err)
	}
	if err := inner.busy(ifd, "an array on top"); err != nil {
		return "", err
	}
	if err := outer.removable(ofd); err != nil {
		return "", err
	}
	// The member is let go by deferred work.
	if err := inner.stopSoon(ifd); err != nil {
		return "", err
	}
	return "the inner array could not be stopped under the outer one, and could after it", nil
}

// stopSoon stops the array once its last user has closed it, which may be an
// instant after that one's own end, and waits for it to go.
func (d *disk) stopSoon(fd int) error {
	var err error
	_ = wait.Until(context.Background(), returnTime, time.Millisecond, func() (bool, error) {
		err = d.stop(fd)
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%v after the holder has ended: %w", returnTime, err)
	}
	d.env.close(fd)
	return d.gone(goneLimit)
}

func loopHolds(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	loop, err := d.attachLoop()
	if err != nil {
		return "", err
	}
	defer loop.Close()
	if err := d.busy(fd, "a loop device"); err != nil {
		return "", err
	}
	if err := machine.DetachLoop(loop); err != nil { // the array is let go with the loop device's last close
		return "", err
	}
	if err := d.stopSoon(fd); err != nil {
		return "", err
	}
	return "a loop device on the array kept it from being stopped, until it was detached", nil
}

// attachLoop puts a loop device on the array.
func (d *disk) attachLoop() (*os.File, error) {
	backing, err := d.open(unix.O_RDWR)
	if err != nil {
		return nil, err
	}
	defer d.env.close(backing)
	return machine.AttachLoop(backing)
}

// dmHolds puts devices of the device mapper on an array, one after the other.
func dmHolds(e *env) (string, error) {
	d, fd, err := e.freshRunning()
	if err != nil {
		return "", err
	}
	mapper, err := machine.OpenMapper()
	if err != nil {
		return "", err
	}
	defer mapper.Close()
	array := fmt.Sprintf("%d:%d 0", md.Major, d.minor)
	for _, target := range []struct{ kind, params string }{
		{"linear", array},
		{"crypt", "aes-xts-plain64 " + strings.Repeat("0123456789abcdef", 4) + " 0 " + array},
	} {
		if err := d.heldBy(fd, mapper, target.kind, target.params); err != nil {
			return "", err
		}
	}
	if err := d.stopSoon(fd); err != nil {
		return "", err
	}
	return "a dm-linear and a dm-crypt device on the array kept it from being stopped, until they were removed", nil
}

// heldBy fails unless the array cannot be stopped under such a device.
func (d *disk) heldBy(fd int, mapper *machine.Mapper, kind, params string) error {
	if _, err := mapper.Make("mdlife", kind, 2048, params); err != nil {
		return fmt.Errorf("dm-%s on md: %w", kind, err)
	}
	busy := d.busy(fd, "a dm-"+kind+" device")
	return errors.Join(busy, mapper.Remove("mdlife"))
}
