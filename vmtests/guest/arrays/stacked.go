// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
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
		if err == nil && p.generation > 0 {
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
		if err != nil {
			return "", errors.Join(err, s.off(ctx, t)) // or the next cell finds its members in use
		}
		r.does("take it off")
		if err := s.off(ctx, t); err != nil {
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
	sectors, err := sectors(t.dev())
	if err != nil {
		return "", err
	}
	return t.mappedPart(fmt.Sprintf("%s-%s", t.name, kind), kind, sectors, params)
}

// mappedPart makes a device of the mapper, to be removed by takeOff. udevd's rules may
// have mdadm look at what it shall lie on, and claim it meanwhile.
func (t *tower) mappedPart(name, kind string, sectors uint64, params string) (node string, err error) {
	var dev uint64
	err = unclaimed(func() (err error) {
		dev, err = t.mapper.Make(name, kind, sectors, params)
		return err
	})
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
		errs = append(errs, patiently(func() error { return t.mapper.Remove(name) }), os.Remove(t.nodes[name]))
	}
	return errors.Join(errs...)
}

// sectors is the size of a block device.
func sectors(node string) (uint64, error) {
	f, err := os.Open(node)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	return uint64(size) / 512, err
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

// putMirror mirrors the array, or as much of it as there is room for, to the disk
// beside.
func putMirror(_ context.Context, t *tower, _ *pattern) (string, error) {
	array, err := sectors(t.dev())
	if err != nil {
		return "", err
	}
	room, err := sectors(t.beside)
	if err != nil {
		return "", err
	}
	return t.mappedPart(t.name+"-mirror", "mirror", min(array, room), fmt.Sprintf("core 1 1024 2 %s 0 %s 0", t.array(), t.beside))
}

// lookAtLegs waits until the mirror is in sync, and finds the same on both legs.
func lookAtLegs(t *tower, p pattern) error {
	if err := t.mirrored(); err != nil {
		return err
	}
	for _, leg := range []string{t.dev(), t.beside} {
		if err := p.verify(leg); err != nil {
			return fmt.Errorf("leg %s: %w", leg, err)
		}
	}
	return nil
}

// mirrored waits for dm-mirror's regions: its status is "2 9:50 1:14 63/64 …".
func (t *tower) mirrored() error {
	var status string
	for deadline := time.Now().Add(syncLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if status, err = t.mapper.Status(t.names[0]); err != nil {
			return err
		}
		if fields := strings.Fields(status); len(fields) > 3 {
			if done, all, _ := strings.Cut(fields[3], "/"); done == all {
				return nil
			}
		}
	}
	return fmt.Errorf("dm-mirror is not in sync after %v: %s", syncLimit, status)
}

// upper is the array on the array.
func (t *tower) upper() string { return md.Name(t.minor + lanes) }

// putUpper makes the array one of the members of another, which it finds there the
// next time. Both have their metadata at the same end: else, where the data begin at
// the member's beginning, mdadm would find the upper array's there.
//
// Debian's rules have "mdadm -If" take a device that was removed out of arrays that it
// is a member of (64-md-raid-assembly.rules): udevd must have done so for the array's
// last life before.
func putUpper(ctx context.Context, t *tower, p *pattern) (string, error) {
	if err := settleUdev(ctx); err != nil {
		return "", err
	}
	node := "/dev/" + t.upper()
	members := []string{t.dev(), t.beside}
	if p.generation > 0 {
		return node, t.mdadm(ctx, append([]string{"--assemble", node, "--run", "--config=" + t.conf, "--auto=md"}, members...)...)
	}
	if err := wipe(t.beside); err != nil {
		return "", err
	}
	return node, t.mdadm(ctx, append([]string{"--create", node, "--run", "--force", "--config=" + t.conf, "--auto=md", "--metadata=" + t.level.usual(),
		"--level=raid1", "--raid-devices=2", "--assume-clean", "--bitmap=none"}, members...)...)
}

// settleUdev waits until udevd has dealt with all events.
func settleUdev(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "/usr/bin/udevadm", "settle", "--timeout=10").CombinedOutput()
	if err != nil {
		return fmt.Errorf("udevadm settle: %w %s", err, out)
	}
	return nil
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
