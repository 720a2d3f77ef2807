// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
)

// A container holds disks with metadata that md does not know. An array on such disks is a volume
// of the container: mdmon, a program of mdadm's, keeps its metadata.
const (
	DDF  = "ddf"
	IMSM = "imsm"
)

// containerLevels are the personalities that each kind of metadata has. DDF has linear as well, but
// mdadm (4.2 to 4.6) does not tell the kernel how many members a linear volume gets, and cannot make one.
var containerLevels = map[string][]string{
	DDF:  {"raid0", "raid1", "raid5", "raid6", "raid10-near"},
	IMSM: {"raid0", "raid1", "raid5", "raid10-near"},
}

// AllowIMSM has mdadm and mdmon put Intel's metadata on any disk, which needs neither their
// platform nor a serial number.
func AllowIMSM() error {
	return Steps(
		func() error { return os.Setenv("IMSM_NO_PLATFORM", "1") },
		func() error { return os.Setenv("IMSM_DEVNAME_AS_SERIAL", "1") },
	)
}

// InContainer reports whether a personality can be a volume with this metadata.
func (p Personality) InContainer(metadata string) bool {
	return slices.Contains(containerLevels[metadata], p.Name)
}

// Volume is an array in a container, which a real mdmon looks after.
type Volume struct {
	*Array
	Metadata string // of the container: DDF or IMSM

	uuids [2]string // of the container and the volume, once it was made
}

// NewVolume returns the array as a volume of a container with this metadata.
func NewVolume(a *Array, metadata string) *Volume { return &Volume{Array: a, Metadata: metadata} }

// container is the container's name in sysfs, and containerDev its node.
func (v *Volume) container() string    { return md.Name(v.minor + Places) }
func (v *Volume) containerDev() string { return "/dev/" + v.container() }

// Create returns the step of making the container, of the volume's disks and more, and the volume.
func (v *Volume) Create(spares int) func() error {
	return func() error {
		v.later(v.removeContainer)
		return v.create(v.Members[:v.Personality.Disks+spares])
	}
}

func (v *Volume) create(disks []string) error {
	return Steps(
		func() error { return RetryBusy(func() error { return v.createContainer(disks) }) },
		func() error { return RetryBusy(v.createVolume) },
		v.noteUUIDs,
		v.CheckMdmon,
		v.WaitForMdmon,
	)
}

func (v *Volume) createContainer(disks []string) error {
	args := []string{"--create", v.containerDev(), "--run", "--config=" + v.conf, "--metadata=" + v.Metadata, fmt.Sprintf("--raid-devices=%d", len(disks))}
	return v.RunMdadm(append(args, disks...)...)
}

func (v *Volume) createVolume() error {
	p := v.Personality
	args := []string{"--create", v.newDev(), "--run", "--config=" + v.conf, "--level=" + p.MdadmLevel, fmt.Sprintf("--raid-devices=%d", p.Disks), fmt.Sprintf("--size=%d", MemberKiB)}
	if p.layout != "" {
		args = append(args, "--layout="+p.layout)
	}
	if p.chunk {
		args = append(args, fmt.Sprintf("--chunk=%d", ChunkKiB))
	}
	return v.RunMdadm(append(args, v.First()...)...)
}

// noteUUIDs asks mdadm for what names the container and the volume.
func (v *Volume) noteUUIDs() (err error) {
	for i, node := range []string{v.containerDev(), v.Dev()} {
		if v.uuids[i], err = v.uuidOf(node); err != nil {
			return err
		}
	}
	return nil
}

// CheckMdmon fails unless an mdmon runs for a volume that can lose a member: others have none.
func (v *Volume) CheckMdmon() error {
	_, err := v.mdmon()
	if v.Personality.Redundant() {
		return err
	}
	return nil
}

// mdmon returns the number of the container's mdmon.
func (v *Volume) mdmon() (pid int, err error) {
	text, err := os.ReadFile("/run/mdadm/" + v.container() + ".pid")
	if err != nil {
		return 0, fmt.Errorf("no mdmon of %s: %w", v.container(), err)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
		return 0, fmt.Errorf("number of mdmon: %w", err)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err != nil || strings.TrimSpace(string(name)) != "mdmon" {
		return 0, fmt.Errorf("process %d of %s is %q, and no mdmon (%v)", pid, v.container(), name, err)
	}
	return pid, nil
}

// MdmonThreads returns the threads of the container's mdmon: one of them writes to md/array_state.
func (v *Volume) MdmonThreads() (threads []int, err error) {
	pid, err := v.mdmon()
	if err != nil {
		return nil, err
	}
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, one := range all {
		if thread, err := strconv.Atoi(one.Name()); err == nil {
			threads = append(threads, thread)
		}
	}
	return threads, err
}

// WaitForMdmon waits until mdmon lets the volume be written to. Volumes without redundancy do not
// wait for it.
func (v *Volume) WaitForMdmon() error {
	return v.WaitForAttr("array_state", func(state string) bool {
		return slices.Contains([]string{"clean", "active", "active-idle", "write-pending", md.StateReadAuto}, state)
	})
}

// LoseFirst has the first member fail, and waits until mdmon has taken it out.
func (v *Volume) LoseFirst() error {
	return Steps(v.FailMember(0), func() error { return v.waitTakenOut(v.Members[0]) })
}

// RemoveFirst removes that disk from the container.
func (v *Volume) RemoveFirst() error {
	return Retry(func() error { return v.RunMdadm(v.containerDev(), "--remove", v.Members[0]) })
}

// waitTakenOut waits until mdmon has removed a member that has failed.
func (v *Volume) waitTakenOut(member string) error {
	dir := filepath.Join("/sys/block", v.KernelName(), "md", MemberDir(member))
	err := wait.Until(v.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		_, err := os.Stat(dir)
		return err != nil, nil
	})
	if err == nil {
		return nil
	}
	state, _ := v.Attr(MemberDir(member) + "/state")
	return fmt.Errorf("mdmon has not taken out %s, which is %q: %w; %s", member, state, err, v.attrs())
}

// AddSpare gives the container another disk.
func (v *Volume) AddSpare() error {
	return RetryBusy(func() error { return v.RunMdadm(v.containerDev(), "--add", v.Spare()) })
}

// WaitForRebuild waits until mdmon has had a disk of the container rebuilt.
func (v *Volume) WaitForRebuild() error {
	return Steps(func() error { return v.WaitForValue("degraded", "0") }, v.Settle)
}

// StopContainer stops the container, whose volume has been stopped, and sees it and mdmon go.
func (v *Volume) StopContainer() error {
	if err := Retry(func() error { return v.RunMdadm("--stop", v.containerDev()) }); err != nil {
		return err
	}
	if !md.WaitGone(v.container(), GoneLimit) {
		return fmt.Errorf("%s is there %v after its stop", v.container(), GoneLimit)
	}
	return v.waitMdmonGone()
}

// waitMdmonGone waits until the container's mdmon has ended, by itself.
func (v *Volume) waitMdmonGone() error {
	err := wait.Until(v.ctx, GoneLimit, 5*time.Millisecond, func() (bool, error) {
		_, err := v.mdmon()
		return err != nil, nil
	})
	if err != nil {
		return fmt.Errorf("the mdmon of %s does not end: %w", v.container(), err)
	}
	return nil
}

// AssembleVolume has mdadm do with each disk what it does when udevd tells it of one: the last one
// completes the container, and the volume runs.
func (v *Volume) AssembleVolume(disks []string) error {
	conf := fmt.Sprintf("%sDEVICE %s\nARRAY %s metadata=%s UUID=%s\nARRAY %s container=%s member=0 UUID=%s\n",
		configHead, strings.Join(v.Members, " "), v.containerDev(), v.Metadata, v.uuids[0], v.newDev(), v.uuids[0], v.uuids[1])
	if err := os.WriteFile(v.conf, []byte(conf), 0o644); err != nil {
		return err
	}
	for _, disk := range disks {
		if err := v.RunMdadm("--incremental", "--config="+v.conf, disk); err != nil {
			return err
		}
	}
	return Steps(v.CheckMdmon, v.WaitForMdmon, v.CheckNotDegraded)
}

// removeContainer removes what a test case has left of the container, and ends its mdmon.
func (v *Volume) removeContainer() error {
	pid, noMdmon := v.mdmon()
	var err error
	if md.Exists(v.container()) {
		err = Retry(func() error { return md.Remove(v.container(), SettleTime) })
	}
	if noMdmon == nil {
		_ = unix.Kill(pid, unix.SIGKILL) // it may have ended by now
	}
	return err
}
