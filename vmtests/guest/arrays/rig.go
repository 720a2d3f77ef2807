// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// brd's disks are shared out: each lane has so many members, of which a cell takes what
// it needs. A cell waits half of its time: six keep two CPUs busy. Where there are fewer
// disks, there are fewer lanes.
const (
	lanes      = 6
	perLane    = 5
	Disks      = lanes * perLane // all of them
	memberKiB  = 4096            // of each, where mdadm takes --size
	chunkKiB   = 16
	firstMinor = 50 // of the lanes' devices, clear of everybody else's
	belowMinor = 70 // of arrays that are members, one for each disk of brd: the checks have 100

	backInPeace = 8 // after one stop in so many, and once more, the device may be there
)

// How long things may take on a busy machine.
const (
	commandLimit = 30 * time.Second // for one mdadm
	syncLimit    = 40 * time.Second // for a resync, a recovery or a reshape
	goneLimit    = 10 * time.Second // for a device that nobody needs
	peace        = 2 * time.Second  // after which one that is there stays
)

// rig is what a cell works with: a device, members, and an opener.
type rig struct {
	level   level
	members []string // all that there are; the array begins with level.members of them
	beside  string   // a disk of the lane that is no member, where level.members leaves one
	name    string   // of the device, "md51"
	named   string   // of an array made by name, else ""
	conf    string   // mdadm's configuration
	rng     *rand.Rand
	opener  *opener
	nullbs  []*nullb               // that the members are, where they shall fail
	loops   []*os.File             // that the members are, where they are paths to one disk
	undo    []func() error         // what takes away what a cell has made for itself, the last first
	held    *os.File               // the array, for its stop to be made on this descriptor
	alone   bool                   // there is no device for the opener to open
	stops   int                    // how often the array was stopped
	back    int                    // how often the device was there after that
	step    atomic.Pointer[string] // what is being done
}

// confHead begins mdadm's configuration: the kernel is told an array's name.
const confHead = "CREATE names=yes\nHOMEHOST <ignore>\n"

func newRig(c cell, lane int, rng *rand.Rand) (*rig, error) {
	r, err := onDisks(c.level, uint32(firstMinor+lane), laneDisks(lane))
	if err != nil {
		return nil, err
	}
	r.rng, r.beside = rng, r.members[perLane-1]
	if c.level.paths {
		if err = r.makePaths(); err != nil {
			return r, errors.Join(err, r.unpath())
		}
	}
	r.opener, err = startOpener(r.name, uint32(firstMinor+lane))
	return r, err
}

// onDisks is a rig of disks that are cleared, with nothing beside it.
func onDisks(l level, minor uint32, disks []string) (*rig, error) {
	r := &rig{level: l, name: md.Name(minor), members: disks}
	r.conf = fmt.Sprintf("/tmp/mdadm-%s.conf", r.name)
	if err := os.WriteFile(r.conf, []byte(confHead), 0o644); err != nil {
		return nil, err
	}
	for _, m := range disks {
		if err := wipe(m); err != nil {
			return nil, fmt.Errorf("wipe %s: %w", m, err)
		}
	}
	return r, nil
}

// laneDisks are a lane's disks.
func laneDisks(lane int) (disks []string) {
	for i := range perLane {
		disks = append(disks, fmt.Sprintf("/dev/ram%d", lane*perLane+i))
	}
	return disks
}

// ends is what is cleared of a disk at its beginning and at its end, in bytes.
const ends = 256 * 1024

var zeros = sync.OnceValue(func() []byte { return aligned(ends) })

// wipe clears what a former array has left at both ends of a member. udevd's rules have
// mdadm look at it now and then, and claim it meanwhile.
func wipe(member string) error {
	var f *os.File
	err := patiently(func() (err error) {
		f, err = openDirect(member, os.O_RDWR|os.O_EXCL)
		return err
	})
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	_, head := f.WriteAt(zeros(), 0)
	_, tail := f.WriteAt(zeros(), size-ends)
	return errors.Join(head, tail, f.Sync())
}

// dev is the node that mdadm is told. Of an array made by name that is there, it is the
// kernel's: the link in /dev/md comes and goes when udevd's rules have got round to it.
func (r *rig) dev() string {
	if !md.Exists(r.kernelName()) {
		return r.newDev()
	}
	return "/dev/" + r.kernelName()
}

// newDev is the node at which mdadm is to make or assemble the array: of one made by
// name it refuses the kernel's, even where the last one's device is still there.
func (r *rig) newDev() string {
	if r.named != "" {
		return "/dev/md/" + r.named
	}
	return "/dev/" + r.name
}

// kernelName is the device's name in sysfs.
func (r *rig) kernelName() string {
	if r.named != "" {
		return "md_" + r.named
	}
	return r.name
}

// doing names the step under way.
func (r *rig) doing() string {
	if s := r.step.Load(); s != nil {
		return *s
	}
	return "start"
}

// does notes what comes next.
func (r *rig) does(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	r.step.Store(&s)
}

// mdadm runs mdadm; the error has its messages.
func (r *rig) mdadm(ctx context.Context, args ...string) error {
	out, err := machine.RunMdadm(ctx, commandLimit, args...)
	if errors.Is(err, machine.ErrTooLong) {
		err = fmt.Errorf("%w; %s", err, r.attrs())
	}
	if err != nil {
		return fmt.Errorf("%w: %s (%s)", err, strings.TrimSpace(out), strings.Join(args, " "))
	}
	return nil
}

// attrs is what sysfs says of the array, in one line.
func (r *rig) attrs() string {
	var all []string
	for _, attr := range []string{"array_state", "sync_action", "sync_completed", "sync_max", "reshape_position", "suspend_hi", "degraded"} {
		value, err := md.ReadAttr(r.kernelName(), "md/"+attr)
		if err != nil {
			value = "?"
		}
		all = append(all, attr+" "+value)
	}
	return strings.Join(all, ", ")
}

// settle waits until no resync, recovery, reshape or check runs or is to come.
func (r *rig) settle(ctx context.Context) error {
	quiet := 0
	for deadline := time.Now().Add(syncLimit); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		action, err := md.ReadAttr(r.kernelName(), "md/sync_action")
		if errors.Is(err, os.ErrNotExist) || err == nil && action == "idle" && !r.degradedWithSpares() {
			if quiet++; quiet == 5 {
				return nil
			}
			continue
		}
		quiet = 0
		if err != nil {
			return fmt.Errorf("md/sync_action: %w", err)
		}
	}
	action, _ := md.ReadAttr(r.kernelName(), "md/sync_action")
	done, _ := md.ReadAttr(r.kernelName(), "md/sync_completed")
	return fmt.Errorf("%s has not ended after %v, but is at %s", action, syncLimit, done)
}

// begins waits until md says that it does something.
func (r *rig) begins(action string) error {
	if err := r.until("sync_action", func(is string) bool { return is == action }); err != nil {
		return fmt.Errorf("%w, and not %s", err, action)
	}
	return nil
}

// until waits for a value of an attribute in md/.
func (r *rig) until(attr string, fits func(string) bool) error {
	var got string
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var err error
		if got, err = md.ReadAttr(r.kernelName(), "md/"+attr); err == nil && fits(got) {
			return nil
		}
	}
	return fmt.Errorf("md/%s is still %q", attr, got)
}

// patiently tries something again that the opener or udevd may be in the way of.
func patiently(f func() error) error {
	for deadline := time.Now().Add(goneLimit); ; time.Sleep(2 * time.Millisecond) {
		if err := f(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// unclaimed tries something again for as long as it is refused because somebody has
// claimed a device: udevd's rules have mdadm look at one now and then. Other errors are
// returned at once.
func unclaimed(f func() error) error {
	for deadline := time.Now().Add(goneLimit); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		busy := err != nil && (errors.Is(err, unix.EBUSY) || strings.Contains(err.Error(), "Device or resource busy"))
		if !busy || time.Now().After(deadline) {
			return err
		}
	}
}

// degradedWithSpares tells whether a rebuild is to begin.
func (r *rig) degradedWithSpares() bool {
	degraded, _ := md.ReadAttr(r.kernelName(), "md/degraded")
	if degraded == "" || degraded == "0" {
		return false
	}
	states, _ := filepath.Glob("/sys/block/" + r.kernelName() + "/md/dev-*/state")
	for _, s := range states {
		if b, err := os.ReadFile(s); err == nil && strings.HasPrefix(string(b), "spare") {
			return true
		}
	}
	return false
}

// later has something done when the array has gone.
func (r *rig) later(f func() error) { r.undo = append(r.undo, f) }

// removeAll removes a device that somebody may look at, and once more what an open may
// have made just when it had gone.
func removeAll(name string) error {
	remove := func() error { return md.Remove(name, peace) }
	err := unclaimed(remove)
	if err == nil || !md.Exists(name) {
		return nil
	}
	return unclaimed(remove)
}

// end lets the opener go, removes what is left, and returns the opener's opens.
func (r *rig) end() (opens map[string]int, err error) {
	opens, err = r.opener.end()
	errs := []error{err}
	if r.held != nil {
		errs = append(errs, r.held.Close())
	}
	for _, name := range []string{r.kernelName(), r.name} {
		if md.Exists(name) {
			errs = append(errs, removeAll(name))
		}
	}
	for _, undo := range slices.Backward(r.undo) {
		errs = append(errs, undo())
	}
	for _, n := range r.nullbs {
		errs = append(errs, n.remove())
	}
	return opens, errors.Join(append(errs, r.unpath())...)
}
