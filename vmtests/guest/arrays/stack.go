// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mdlife/internal/wait"
	"mdlife/vmtests/guest/array"
)

// upper is a device that is put on an array.
type upper struct {
	name string
	put  func(*carrier) (node string, err error)
	off  func(*carrier) error
	look func(*carrier) error // looks besides whether all is where it belongs; may be nil
}

// carrier is an array that carries an upper device.
type carrier struct {
	*array.Stack
	data   array.Pattern // what was written through the upper device
	before array.Pattern // what a snapshot keeps
}

// again reports whether the upper device was there before.
func (c *carrier) again() bool { return c.data.Generation > 0 }

// uppers are the devices that arrays carry.
var uppers = []upper{
	{name: "linear", off: takeOff, put: func(c *carrier) (string, error) { return c.PutWhole("linear", c.Number()+" 0") }},
	{name: "crypt", off: takeOff, put: func(c *carrier) (string, error) {
		return c.PutWhole("crypt", "aes-xts-plain64 "+strings.Repeat("0123456789abcdef", 4)+" 0 "+c.Number()+" 0")
	}},
	{name: "snapshot", off: takeOff, put: putOrigin, look: checkSnapshot},
	{name: "mirror", off: takeOff, put: putMirror, look: checkLegs},
	{name: "md", off: func(c *carrier) error { return c.TakeArrayOff() }, put: putArray},
	{name: "lvm", off: func(c *carrier) error { return c.TakeVolumeOff() },
		put: func(c *carrier) (string, error) { return c.PutVolume(c.again()) }},
}

// stacks have an array carry another device.
var stacks = rows(uppers, func(_ int, u upper) scenario {
	return scenario{name: "stack-" + u.name, on: array.Personality.Any, company: array.NoCompany, run: u.run}
})

// run writes through the upper device, sees that the array cannot be stopped under it,
// takes it off, stops the array, assembles both again, and looks.
func (u upper) run(a *array.Array) (string, error) {
	if err := a.Do("create", a.Create(a.Personality.CleanIfRedundant())); err != nil {
		return "", err
	}
	stack, err := array.NewStack(a)
	if err != nil {
		return "", err
	}
	defer stack.Mapper.Close()
	c := &carrier{Stack: stack}
	for _, life := range []string{"first", "second"} {
		if err := u.carry(c, life); err != nil {
			return "", errors.Join(err, u.off(c)) // or the next test case finds its members in use
		}
		err := array.Steps(
			a.Step("take it off", func() error { return u.off(c) }),
			a.Step("stop, the "+life+" time", a.Stop(array.StopWay(len(life)))),
			a.Step("assemble after the "+life+" life", a.AssembleFirst),
		)
		if err != nil {
			return "", err
		}
	}
	return "carried twice, and not stopped under it", a.Do("stop at the end", a.Stop(array.ByMdadm))
}

// carry puts the device on the array, uses it, and tries to stop the array.
func (u upper) carry(c *carrier, life string) (err error) {
	var node string
	steps := []func() error{c.Step("put it on, the "+life+" time", func() (err error) {
		node, err = u.put(c)
		return err
	})}
	if c.again() {
		steps = append(steps, c.Step("verify what the first life has left", func() error { return c.data.Verify(node) }))
	}
	steps = append(steps, c.Step("write and verify, the "+life+" time",
		func() error { return c.data.Write(node) }, func() error { return c.data.Verify(node) }))
	if u.look != nil {
		steps = append(steps, func() error { return u.look(c) })
	}
	return array.Steps(append(steps, c.Step("try to stop under it", c.CheckRefusesStop))...)
}

func takeOff(c *carrier) error { return c.TakeOffAll() }

// putOrigin makes a device through which the array is written, and a snapshot of the data
// before, which goes to the disk beside (dm-snap.c). The snapshot is new each time.
func putOrigin(c *carrier) (string, error) {
	if err := array.Wipe(c.Beside); err != nil {
		return "", err
	}
	if !c.again() {
		if err := c.data.Write(c.Dev()); err != nil {
			return "", err
		}
	}
	c.before = c.data
	if _, err := c.PutWhole("snapshot", c.Number()+" "+c.Beside+" N 8"); err != nil {
		return "", err
	}
	return c.PutWhole("snapshot-origin", c.Number())
}

// checkSnapshot finds the data in it that were there before it was made.
func checkSnapshot(c *carrier) error {
	if err := c.before.Verify(c.NodeOf(c.Lowest())); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// putMirror mirrors the array, or as much of it as there is room for, to the disk
// beside.
func putMirror(c *carrier) (string, error) {
	size, err := array.Sectors(c.Dev())
	if err != nil {
		return "", err
	}
	room, err := array.Sectors(c.Beside)
	if err != nil {
		return "", err
	}
	return c.Put(c.Device+"-mirror", "mirror", min(size, room), fmt.Sprintf("core 1 1024 2 %s 0 %s 0", c.Number(), c.Beside))
}

// checkLegs waits until the mirror is in sync, and finds the same on both legs.
func checkLegs(c *carrier) error {
	if err := waitForMirror(c); err != nil {
		return err
	}
	for _, leg := range []string{c.Dev(), c.Beside} {
		if err := c.data.Verify(leg); err != nil {
			return fmt.Errorf("leg %s: %w", leg, err)
		}
	}
	return nil
}

// waitForMirror waits for dm-mirror's regions: its status is "2 9:50 1:14 63/64 …".
func waitForMirror(c *carrier) error {
	var status string
	err := wait.Until(c.Context(), array.SyncLimit, 10*time.Millisecond, func() (synced bool, err error) {
		if status, err = c.Mapper.Status(c.Lowest()); err != nil {
			return false, err
		}
		fields := strings.Fields(status)
		if len(fields) <= 3 {
			return false, nil
		}
		done, all, _ := strings.Cut(fields[3], "/")
		return done == all, nil
	})
	if err != nil {
		return fmt.Errorf("dm-mirror is not in sync: %s: %w", status, err)
	}
	return nil
}

// putArray makes the array one of the members of another. Debian's rules have "mdadm -If"
// take a device that was removed out of arrays that it is a member of
// (64-md-raid-assembly.rules): udevd must have done so for the array's last life before.
func putArray(c *carrier) (string, error) {
	if err := c.SettleUdev(); err != nil {
		return "", err
	}
	return c.PutArray(c.again())
}
