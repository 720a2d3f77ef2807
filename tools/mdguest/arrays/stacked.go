// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/tools/mdguest/machine"
)

// stack is a device that is put on an array.
type stack struct {
	name string
	put  func(context.Context, *tower, *pattern) (node string, err error)
	off  func(context.Context, *tower) error
	look func(*tower, pattern) error // looks besides whether all is where it belongs; may be nil
}

// stacks are the devices that arrays carry.
var stacks = []stack{
	{name: "linear", off: takeOff, put: func(_ context.Context, t *tower, _ *pattern) (string, error) {
		return t.mapped("linear", t.array()+" 0")
	}},
	{name: "crypt", off: takeOff, put: func(_ context.Context, t *tower, _ *pattern) (string, error) {
		return t.mapped("crypt", "aes-xts-plain64 "+strings.Repeat("0123456789abcdef", 4)+" 0 "+t.array()+" 0")
	}},
	{name: "snapshot", off: takeOff, put: putOrigin, look: lookAtSnapshot},
	{name: "mirror", off: takeOff, put: putMirror, look: lookAtLegs},
	{name: "md", off: stopUpper, put: putUpper},
	{name: "lvm", off: takeVolumeOff, put: putVolume},
}

// stacked are cells in which an array carries another device.
func stacked(l level) []cell {
	var all []cell
	for _, s := range stacks {
		all = append(all, cell{name: l.name + "/stack-" + s.name, level: l, run: s.run})
	}
	return all
}

// run writes through the upper device, sees that the array cannot be stopped under it,
// takes it off, stops the array, assembles both again, and looks.
func (s stack) run(ctx context.Context, r *rig) (string, error) {
	r.does("create")
	if err := r.make(ctx, recipe{metadata: r.level.usual(), clean: r.level.redundant()}); err != nil {
		return "", err
	}
	t, err := newTower(r)
	if err != nil {
		return "", err
	}
	defer t.mapper.Close()
	var p pattern
	for _, life := range []string{"first", "second"} {
		r.does("put it on, the %s time", life)
		node, err := s.put(ctx, t, &p)
		if err != nil {
			return "", err
		}
		if p.generation > 0 {
			r.does("verify what the first life has left")
			err = p.verify(node)
		}
		if err == nil {
			r.does("write and verify, the %s time", life)
			err = errors.Join(p.write(node), p.verify(node))
		}
		if err == nil && s.look != nil {
			err = s.look(t, p)
		}
		if err == nil {
			r.does("try to stop under it")
			err = r.refusesStop()
		}
		r.does("take it off")
		if err := errors.Join(err, s.off(ctx, t)); err != nil {
			return "", err
		}
		r.does("stop, the %s time", life)
		if err := r.halt(ctx, stopWays[len(life)%len(stopWays)]); err != nil {
			return "", err
		}
		r.does("assemble after the %s life", life)
		if err := r.assemble(ctx, r.members[:r.level.members]); err != nil {
			return "", err
		}
	}
	r.does("stop at the end")
	return "carried twice, and not stopped under it", r.halt(ctx, stopWays[0])
}

// refusesStop fails unless the array cannot be stopped.
func (r *rig) refusesStop() error {
	if err := stopByIoctl(r.dev()); !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("STOP_ARRAY under a holder gives %v, not EBUSY", err)
	}
	if err := md.SetArrayState(r.kernelName(), md.StateClear); !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("clear > md/array_state under a holder gives %v, not EBUSY", err)
	}
	return nil
}

// tower is what stands on a rig's array.
type tower struct {
	*rig
	mapper *machine.Mapper
	minor  uint32   // of the array
	names  []string // of the mapper's devices, the lowest first
	nodes  map[string]string
	before pattern // what a snapshot keeps
}

func newTower(r *rig) (*tower, error) {
	t := &tower{rig: r, nodes: map[string]string{}}
	if _, err := fmt.Sscanf(r.name, "md%d", &t.minor); err != nil {
		return nil, err
	}
	var err error
	t.mapper, err = machine.OpenMapper()
	return t, err
}

// array names the array in a table.
func (t *tower) array() string { return fmt.Sprintf("%d:%d", md.Major, t.minor) }

// mapped makes a device as long as the array.
func (t *tower) mapped(kind, params string) (node string, err error) {
	sectors, err := sectors(t.kernelName())
	if err != nil {
		return "", err
	}
	return t.mappedPart(fmt.Sprintf("%s-%s", t.name, kind), kind, sectors, params)
}

// mappedPart makes a device of the mapper, to be removed by takeOff.
func (t *tower) mappedPart(name, kind string, sectors uint64, params string) (node string, err error) {
	dev, err := t.mapper.Make(name, kind, sectors, params)
	if err != nil {
		return "", fmt.Errorf("dm-%s: %w", kind, err)
	}
	t.names = append(t.names, name)
	node = "/dev/.mapped-" + name
	t.nodes[name] = node
	_ = os.Remove(node)
	if err := unix.Mknod(node, unix.S_IFBLK|0o600, int(dev)); err != nil {
		return "", fmt.Errorf("mknod %s: %w", node, err)
	}
	return node, nil
}

// takeOff removes all devices of the mapper, the highest first. udevd may be looking
// at one.
func takeOff(_ context.Context, t *tower) error {
	var errs []error
	for len(t.names) > 0 {
		name := t.names[len(t.names)-1]
		t.names = t.names[:len(t.names)-1]
		errs = append(errs, t.patiently(func() error { return t.mapper.Remove(name) }), os.Remove(t.nodes[name]))
	}
	return errors.Join(errs...)
}

// sectors is the size of a block device by its name in sysfs.
func sectors(name string) (n uint64, err error) {
	b, err := os.ReadFile("/sys/block/" + name + "/size")
	if err == nil {
		_, err = fmt.Sscan(string(b), &n)
	}
	return n, err
}

// putOrigin makes a device through which the array is written, and a snapshot of what
// there is before, which goes to the disk beside (dm-snap.c). The snapshot is new each
// time.
func putOrigin(_ context.Context, t *tower, p *pattern) (string, error) {
	if err := wipe(t.beside); err != nil {
		return "", err
	}
	if p.generation == 0 {
		if err := p.write(t.dev()); err != nil {
			return "", err
		}
	}
	t.before = *p
	if _, err := t.mapped("snapshot", t.array()+" "+t.beside+" N 8"); err != nil {
		return "", err
	}
	return t.mapped("snapshot-origin", t.array())
}

// lookAtSnapshot finds in it what was there before it was made.
func lookAtSnapshot(t *tower, _ pattern) error {
	if err := t.before.verify(t.nodes[t.names[0]]); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// putMirror mirrors the array to the disk beside.
func putMirror(_ context.Context, t *tower, _ *pattern) (string, error) {
	return t.mapped("mirror", fmt.Sprintf("core 1 1024 2 %s 0 %s 0", t.array(), t.beside))
}

// lookAtLegs finds the same on both legs.
func lookAtLegs(t *tower, p pattern) error {
	for _, leg := range []string{t.dev(), t.beside} {
		if err := p.verify(leg); err != nil {
			return fmt.Errorf("leg %s: %w", leg, err)
		}
	}
	return nil
}

// upper is the array on the array.
func (t *tower) upper() string { return md.Name(t.minor + lanes) }

// putUpper makes the array one of the members of another, which it finds there the
// next time.
func putUpper(ctx context.Context, t *tower, p *pattern) (string, error) {
	node := "/dev/" + t.upper()
	members := []string{t.dev(), t.beside}
	if p.generation > 0 {
		return node, t.mdadm(ctx, append([]string{"--assemble", node, "--run", "--config=" + t.conf, "--auto=md"}, members...)...)
	}
	if err := wipe(t.beside); err != nil {
		return "", err
	}
	return node, t.mdadm(ctx, append([]string{"--create", node, "--run", "--force", "--config=" + t.conf, "--auto=md", "--metadata=1.2",
		"--level=raid1", "--raid-devices=2", "--assume-clean", "--bitmap=none"}, members...)...)
}

func stopUpper(ctx context.Context, t *tower) error {
	if err := t.mdadm(ctx, "--stop", "/dev/"+t.upper()); err != nil {
		return err
	}
	if !md.WaitGone(t.upper(), goneLimit) {
		return fmt.Errorf("%s is there %v after its stop", t.upper(), goneLimit)
	}
	return nil
}
