// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// Stack is a stack of devices: an array, and those of the device mapper on it or under it.
type Stack struct {
	*Array
	Mapper *machine.Mapper
	names  []string          // of the mapper's devices, the lowest first
	nodes  map[string]string // by name
}

// NewStack returns a stack that is only the array so far. Its Mapper is the caller's to close.
func NewStack(a *Array) (*Stack, error) {
	mapper, err := machine.OpenMapper()
	return &Stack{Array: a, Mapper: mapper, nodes: map[string]string{}}, err
}

// Lowest returns the name of the device that was put on the stack first.
func (s *Stack) Lowest() string { return s.names[0] }

// NodeOf returns the node of a device.
func (s *Stack) NodeOf(name string) string { return s.nodes[name] }

// PutWhole puts a target on the stack that is as long as the array.
func (s *Stack) PutWhole(kind, params string) (node string, err error) {
	sectors, err := Sectors(s.Dev())
	if err != nil {
		return "", err
	}
	return s.Put(s.Device+"-"+kind, kind, sectors, params)
}

// Put puts a target with a name on the stack, to be removed by [Stack.TakeOff] and TakeOffAll.
// udevd's rules may have mdadm look at the devices below, and claim them meanwhile.
func (s *Stack) Put(name, kind string, sectors uint64, params string) (node string, err error) {
	var dev uint64
	err = RetryBusy(func() (err error) {
		dev, err = s.Mapper.Make(name, kind, sectors, params)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("dm-%s: %w", kind, err)
	}
	s.names = append(s.names, name)
	node = "/dev/.mapped-" + name
	s.nodes[name] = node
	return node, md.Mknod(node, unix.Major(dev), unix.Minor(dev))
}

// TakeOff removes the highest device. udevd may be looking at it.
func (s *Stack) TakeOff() error {
	last := len(s.names) - 1
	name := s.names[last]
	s.names = s.names[:last]
	err := Retry(func() error { return s.Mapper.Remove(name) })
	return errors.Join(err, os.Remove(s.nodes[name]))
}

// TakeOffAll removes all devices of the mapper, the highest first; it goes on where one
// cannot be removed.
func (s *Stack) TakeOffAll() error {
	var errs []error
	for len(s.names) > 0 {
		errs = append(errs, s.TakeOff())
	}
	return errors.Join(errs...)
}

// upperDevice returns the name of an array that is put on this one.
func (s *Stack) upperDevice() string { return md.Name(s.minor + Places) }

// PutArray makes the array one of the members of a raid1, with the disk beside, or has mdadm
// find the raid1 that was there before. Both have their metadata at the same end: else, where
// the data begin at the member's beginning, mdadm would find the upper array's there.
func (s *Stack) PutArray(again bool) (node string, err error) {
	node = "/dev/" + s.upperDevice()
	if again {
		return node, s.RunMdadm("--assemble", node, "--run", "--config="+s.conf, "--auto=md", s.Dev(), s.Beside)
	}
	if err := Wipe(s.Beside); err != nil {
		return "", err
	}
	return node, s.RunMdadm("--create", node, "--run", "--force", "--config="+s.conf, "--auto=md",
		"--metadata="+s.Personality.DefaultMetadata(), "--level=raid1", "--raid-devices=2", "--assume-clean", "--bitmap=none",
		s.Dev(), s.Beside)
}

// TakeArrayOff stops that array.
func (s *Stack) TakeArrayOff() error {
	if err := s.RunMdadm("--stop", "/dev/"+s.upperDevice()); err != nil {
		return err
	}
	if !md.WaitGone(s.upperDevice(), GoneLimit) {
		return fmt.Errorf("%s is there %v after its stop", s.upperDevice(), GoneLimit)
	}
	return nil
}
