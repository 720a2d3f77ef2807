// SPDX-License-Identifier: BSD-3-Clause

package array

import (
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
// somebody else keeps its superblocks, as mdmon does (Documentation/admin-guide/md.rst).
const (
	externalName   = "external:mdlife"
	externalOffset = 2048 // sectors, before the data on each member
)

// layouts are what md/layout takes, where 0 is not what mdadm makes.
var layouts = map[string]string{
	"raid5": "2", "raid6": "2", // left-symmetric
	"raid10-near": "258", "raid10-far": "513", "raid10-offset": "66049", // near, far << 8, offset << 16
	"raid0": "2", // "alternate": an array of several zones must say so
}

// setting is a value of an attribute.
type setting struct{ attr, value string }

// ConfigureExternal makes an array with external metadata without running it. The same
// members in the same order have the same data on them.
func (a *Array) ConfigureExternal() error {
	if err := Retry(a.newArray); err != nil {
		return err
	}
	for _, s := range a.externalSettings() {
		if err := a.Set(s.attr, s.value); err != nil {
			return err
		}
	}
	for i := range a.First() {
		if err := a.Join(i); err != nil {
			return err
		}
	}
	if got, err := a.Attr("metadata_version"); err != nil || got != externalName {
		return fmt.Errorf("md/metadata_version is %q (%v)", got, err)
	}
	return nil
}

// externalSettings returns the attributes of such an array, in the order in which md wants
// them.
func (a *Array) externalSettings() []setting {
	p := a.Personality
	all := []setting{{"metadata_version", externalName}, {"level", p.MdadmLevel}, {"raid_disks", strconv.Itoa(p.Disks)}}
	if p.chunk {
		all = append(all, setting{"chunk_size", strconv.Itoa(ChunkKiB << 10)})
	}
	if layout := layouts[p.Name]; layout != "" {
		all = append(all, setting{"layout", layout})
	}
	all = append(all, setting{"component_size", strconv.Itoa(MemberKiB)})
	if p.Redundant() {
		all = append(all, setting{"resync_start", "none"})
	}
	return all
}

// BlankMembers has the members agree, for there is no resync of external metadata.
func (a *Array) BlankMembers() error {
	for _, node := range a.First() {
		if err := blank(node); err != nil {
			return err
		}
	}
	return nil
}

// blank clears the data of a member.
func blank(node string) error {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, MemberKiB<<10), externalOffset*512); err != nil {
		return err
	}
	return f.Sync()
}

// newArray makes the device. One that is there has just been stopped, and the opener may
// have it open, or the opener has made it: then it must be removed.
func (a *Array) newArray() error {
	err := md.NewArray(a.KernelName())
	if errors.Is(err, unix.EEXIST) && a.CheckState(md.StateClear)() == nil {
		err = errors.Join(err, md.Remove(a.KernelName(), GoneLimit))
	}
	if err != nil {
		return fmt.Errorf("new_array: %w", err)
	}
	return nil
}

// Join puts the member with this number in the slot with the same one.
func (a *Array) Join(slot int) error {
	node := a.Members[slot]
	major, minor, err := md.NumberOf(node)
	if err != nil {
		return err
	}
	if err := md.AddMember(a.KernelName(), major, minor); err != nil {
		return fmt.Errorf("%d:%d > md/new_dev: %w", major, minor, err)
	}
	dev := MemberDir(node)
	for _, s := range []setting{{"offset", strconv.Itoa(externalOffset)}, {"size", strconv.Itoa(MemberKiB)}, {"slot", strconv.Itoa(slot)}} {
		// What md does after a member has gone may not be over (EBUSY).
		if err := Retry(a.Setting(dev+"/"+s.attr, s.value)); err != nil {
			return err
		}
	}
	return nil
}

// MemberDir returns the directory of a member in md/.
func MemberDir(node string) string { return "dev-" + filepath.Base(node) }

// CheckBlocked fails unless a member has failed, and md waits for somebody to note that.
func (a *Array) CheckBlocked(member string) error {
	attr := MemberDir(member) + "/state"
	if state, err := a.Attr(attr); err != nil || !strings.Contains(state, "faulty") || !strings.Contains(state, "blocked") {
		return fmt.Errorf("md/%s is %q (%v)", attr, state, err)
	}
	return nil
}

// heldTime is how long a write that must wait is watched.
const heldTime = 150 * time.Millisecond

// PendingWrite is a write under way.
type PendingWrite chan error

// BeginWrite writes the array's first run of blocks in the background.
func (a *Array) BeginWrite() PendingWrite {
	w := make(PendingWrite, 1)
	node := a.Dev()
	go func() { w <- writeFirstRun(node) }()
	return w
}

func writeFirstRun(node string) error {
	f, err := OpenDirect(node, os.O_RDWR)
	if err != nil {
		return err
	}
	buf := Aligned(RunBlocks * BlockSize)
	defer unix.Munmap(buf)
	_, err = f.WriteAt(buf, 0)
	return errors.Join(err, f.Close())
}

// CheckReadOnly fails unless a write fails: at the open, or afterwards.
func (a *Array) CheckReadOnly() error {
	if err := <-a.BeginWrite(); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		return fmt.Errorf("a write to a read-only array: %s", md.ErrnoName(err))
	}
	return nil
}

// CheckWaits returns a step that fails if the write ends by itself.
func (w PendingWrite) CheckWaits(what string) func() error {
	return func() error {
		select {
		case err := <-w:
			return fmt.Errorf("%s did not wait for an acknowledgement: %s", what, md.ErrnoName(err))
		case <-time.After(heldTime):
			return nil
		}
	}
}

// CheckEnds returns a step that fails if the write does not end.
func (w PendingWrite) CheckEnds(what string) func() error {
	return func() error {
		select {
		case err := <-w:
			return err
		case <-time.After(GoneLimit):
			return fmt.Errorf("%s does not end, though it was acknowledged", what)
		}
	}
}
