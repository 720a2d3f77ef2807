// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// An array with external metadata is put together through sysfs, as mdadm does, and
// somebody else keeps its superblocks, as mdmon does (Documentation/admin-guide/md.rst):
// a write to a clean array, and one after a member has failed, wait for an
// acknowledgement. Here the cell is that somebody.
const (
	externalName   = "external:mdlife"
	externalOffset = 2048                   // sectors, before the data on each member
	held           = 150 * time.Millisecond // how long a write is watched that has to wait
)

// layouts are what md/layout takes, where 0 is not what mdadm makes.
var layouts = map[string]string{
	"raid5": "2", "raid6": "2", // left-symmetric
	"raid10-near": "258", "raid10-far": "513", "raid10-offset": "66049", // near, far << 8, offset << 16
	"raid0": "2", // "alternate": an array of several zones must say so
}

// externals are cells of such arrays, stopped in the ways that need no mdadm.
func externals(l level) []cell {
	if l.paths || l.end {
		return nil
	}
	var all []cell
	for _, way := range []string{"sysfs", "ioctl"} {
		all = append(all, cell{name: l.name + "/external-" + way, level: l, run: func(ctx context.Context, r *rig) (string, error) {
			return external(ctx, r, way)
		}})
	}
	return all
}

// external leads an array through its life, and stops it.
func external(ctx context.Context, r *rig, way string) (seen string, err error) {
	defer func() {
		if err != nil {
			_ = r.turn(md.StateActive) // or what waits for that would for ever
		}
	}()
	r.does("create")
	if err := errors.Join(r.blank(), r.configure(), r.turn(md.StateReadonly), r.isReadonly(), r.turn(md.StateActive)); err != nil {
		return "", err
	}
	var p pattern
	r.does("write and verify")
	if err := errors.Join(r.firstWrite(), p.write(r.dev()), p.verify(r.dev())); err != nil {
		return "", err
	}
	if r.level.redundant() {
		if err := r.loseExternally(ctx, &p); err != nil {
			return "", err
		}
	}
	r.does("stop for a while")
	if err := errors.Join(patiently(func() error { return r.turn(md.StateInactive) }), r.turn(md.StateReadonly), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("stop by %s", way)
	if err := r.halt(ctx, way); err != nil {
		return "", err
	}
	r.does("create again, and verify")
	if err := errors.Join(r.configure(), r.turn(md.StateActive), p.verify(r.dev())); err != nil {
		return "", err
	}
	r.does("stop by %s again", way)
	return "stopped by " + way, r.halt(ctx, way)
}

// set writes an attribute of the array.
func (r *rig) set(attr, value string) error {
	if err := md.WriteAttr(r.kernelName(), "md/"+attr, value); err != nil {
		return fmt.Errorf("%s > md/%s: %w", value, attr, err)
	}
	return nil
}

// setting is a value of an attribute.
type setting struct{ attr, value string }

// configure makes the array without running it. The same members in the same order have
// the same data on them.
func (r *rig) configure() error {
	if err := patiently(r.newArray); err != nil {
		return err
	}
	l := r.level
	all := []setting{{"metadata_version", externalName}, {"level", l.level}, {"raid_disks", strconv.Itoa(l.members)}}
	if l.chunk {
		all = append(all, setting{"chunk_size", strconv.Itoa(chunkKiB << 10)})
	}
	if layout := layouts[l.name]; layout != "" {
		all = append(all, setting{"layout", layout})
	}
	all = append(all, setting{"component_size", strconv.Itoa(memberKiB)})
	if l.redundant() {
		all = append(all, setting{"resync_start", "none"})
	}
	for _, s := range all {
		if err := r.set(s.attr, s.value); err != nil {
			return err
		}
	}
	for i, m := range r.members[:l.members] {
		if err := r.join(m, i); err != nil {
			return err
		}
	}
	if got, err := md.ReadAttr(r.kernelName(), "md/metadata_version"); err != nil || got != externalName {
		return fmt.Errorf("md/metadata_version is %q (%v)", got, err)
	}
	return nil
}

// blank has the members agree, for there is no resync.
func (r *rig) blank() error {
	for _, node := range r.members[:r.level.members] {
		f, err := os.OpenFile(node, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(make([]byte, memberKiB<<10), externalOffset*512)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// newArray makes the device. One that is there has just been stopped, and the opener may
// have it open, or the opener has made it in peace: then it has to be removed.
func (r *rig) newArray() error {
	err := md.NewArray(r.kernelName())
	if errors.Is(err, unix.EEXIST) && r.state(md.StateClear) == nil {
		err = errors.Join(err, md.Remove(r.kernelName(), goneLimit))
	}
	if err != nil {
		return fmt.Errorf("new_array: %w", err)
	}
	return nil
}

// join puts a member in a slot.
func (r *rig) join(node string, slot int) error {
	major, minor, err := md.NumberOf(node)
	if err != nil {
		return err
	}
	if err := md.AddMember(r.kernelName(), major, minor); err != nil {
		return fmt.Errorf("%d:%d > md/new_dev: %w", major, minor, err)
	}
	dev := "dev-" + filepath.Base(node)
	for _, s := range []setting{{"offset", strconv.Itoa(externalOffset)}, {"size", strconv.Itoa(memberKiB)}, {"slot", strconv.Itoa(slot)}} {
		// What md does after a member has gone may not be over (EBUSY).
		if err := patiently(func() error { return r.set(dev+"/"+s.attr, s.value) }); err != nil {
			return err
		}
	}
	return nil
}

// turn gives the array another state.
func (r *rig) turn(state string) error { return r.set("array_state", state) }

// isReadonly wants a write to fail: at the open, or afterwards.
func (r *rig) isReadonly() error {
	if err := <-r.beginWrite(); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		return fmt.Errorf("a write to a read-only array: %s", md.ErrnoName(err))
	}
	return nil
}

// firstWrite makes the first write to a clean array, which waits until somebody has
// noted that the array is so no more. Levels without redundancy are never clean.
func (r *rig) firstWrite() error {
	if !r.level.redundant() {
		return nil
	}
	if err := r.state("clean"); err != nil {
		return err
	}
	w := r.beginWrite()
	if err := w.waits("the first write"); err != nil {
		return err
	}
	if err := errors.Join(r.state("write-pending"), r.turn(md.StateActive)); err != nil {
		return err
	}
	return errors.Join(w.ends("the first write"), r.state(md.StateActive))
}

// state wants the array to be in a state.
func (r *rig) state(want string) error {
	if got, err := md.ReadAttr(r.kernelName(), "md/array_state"); err != nil || got != want {
		return fmt.Errorf("md/array_state is %q, and not %s (%v)", got, want, err)
	}
	return nil
}

// write is a write under way.
type write chan error

// beginWrite writes a block in the background.
func (r *rig) beginWrite() write {
	w := make(write, 1)
	node := r.dev()
	go func() {
		f, err := openDirect(node, os.O_RDWR)
		if err == nil {
			buf := aligned(runBlocks * blockSize)
			_, err = f.WriteAt(buf, 0)
			err = errors.Join(err, unix.Munmap(buf), f.Close())
		}
		w <- err
	}()
	return w
}

// waits wants the write not to end by itself.
func (w write) waits(what string) error {
	select {
	case err := <-w:
		return fmt.Errorf("%s did not wait for an acknowledgement: %s", what, md.ErrnoName(err))
	case <-time.After(held):
		return nil
	}
}

// ends wants it to.
func (w write) ends(what string) error {
	select {
	case err := <-w:
		return err
	case <-time.After(goneLimit):
		return fmt.Errorf("%s does not end, though it was acknowledged", what)
	}
}

// loseExternally has a member fail, which holds writes until both the array's change
// and the member's are acknowledged, takes it out, and puts it back.
func (r *rig) loseExternally(ctx context.Context, p *pattern) error {
	r.does("lose a member")
	dev := "dev-" + filepath.Base(r.members[0])
	if err := r.set(dev+"/state", "faulty"); err != nil {
		return err
	}
	if state, err := md.ReadAttr(r.kernelName(), "md/"+dev+"/state"); err != nil || !strings.Contains(state, "faulty") || !strings.Contains(state, "blocked") {
		return fmt.Errorf("md/%s/state is %q (%v)", dev, state, err)
	}
	w := r.beginWrite()
	if err := w.waits("a write after a failure"); err != nil {
		return err
	}
	if err := r.turn(md.StateActive); err != nil {
		return err
	}
	if err := r.acknowledge(dev, w); err != nil {
		return err
	}
	r.does("take it out")
	if err := r.attrTurns(dev+"/slot", "none"); err != nil { // which md does by itself
		return err
	}
	if err := errors.Join(r.set(dev+"/state", "remove"), p.write(r.dev()), p.verify(r.dev())); err != nil {
		return err
	}
	r.does("put it back")
	// Frozen, or md may take a new member by itself before it has been given its slot.
	if err := r.set("sync_action", "frozen"); err != nil {
		return err
	}
	if err := errors.Join(r.join(r.members[0], 0), patiently(r.recover), r.settle(ctx), r.whole()); err != nil {
		return err
	}
	if err := errors.Join(r.noted(), p.verify(r.dev()), p.write(r.dev()), check(ctx, r, p)); err != nil {
		return err
	}
	return r.noted()
}

// noted acknowledges the end of a recovery or a check. Without that the next write
// waits, and so may a stop: raid5d sleeps, and raid5_quiesce() waits for its stripes.
func (r *rig) noted() error {
	return errors.Join(r.state("write-pending"), r.turn(md.StateActive))
}

// recover has the member rebuilt.
func (r *rig) recover() error { return r.set("sync_action", "recover") }

// acknowledge lets a failed member go, which md keeps in its slot until then. A mirror
// has writes wait for that, too; raid4, raid5 and raid6 do without what is faulty.
func (r *rig) acknowledge(dev string, w write) error {
	if r.level.parity() {
		if err := w.ends("a write with the array's change acknowledged"); err != nil {
			return err
		}
	} else if err := w.waits("a write to a blocked member"); err != nil {
		return err
	}
	if slot, err := md.ReadAttr(r.kernelName(), "md/"+dev+"/slot"); err != nil || slot != "0" {
		return fmt.Errorf("md/%s/slot of a blocked member is %q (%v)", dev, slot, err)
	}
	if err := r.set(dev+"/state", "-blocked"); err != nil || r.level.parity() {
		return err
	}
	return w.ends("a write to a member let go")
}

// attrTurns waits until an attribute has a value.
func (r *rig) attrTurns(attr, want string) error {
	var got string
	var err error
	for deadline := time.Now().Add(goneLimit); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if got, err = md.ReadAttr(r.kernelName(), "md/"+attr); err == nil && got == want {
			return nil
		}
	}
	return fmt.Errorf("md/%s is %q, and not %s (%v)", attr, got, want, err)
}
