// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/hugelgupf/vmtest/qemu"

	"mdlife/vmtests/event"
)

// DefaultMachine is the machine type that boots quickest of those that boot
// every time. (microvm calibrates its clock against the PIT alone, and on a
// busy host that fails: the kernel then hangs.)
const DefaultMachine = "q35"

// FindQEMU returns the path of QEMU: that of MDLIFE_QEMU, or Debian's.
func FindQEMU() (string, error) {
	name := cmp.Or(os.Getenv("MDLIFE_QEMU"), "qemu-system-x86_64")
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w; apt-get install qemu-system-x86", err)
	}
	return path, nil
}

// pdeathsig returns a command prefix that has QEMU killed when the thread that
// starts it dies, and so when this process does, however that comes.
func pdeathsig() (string, error) {
	path, err := exec.LookPath("setpriv")
	if err != nil {
		return "", fmt.Errorf("%w; apt-get install util-linux", err)
	}
	return path + " --pdeathsig KILL --", nil
}

// kernelArgs are the kernel parameters of every guest.
//
//   - ignore_loglevel: u-root's init lowers the console's level.
//   - panic=-1: with QEMU's -no-reboot, a panic ends the machine at once.
//   - log_buf_len: the kernel's own buffer is small, to keep its image small.
//   - hung_task_timeout_secs: the kernel's default of 120 s is longer than most
//     runs.
func kernelArgs(cfg Config) []string {
	return append(cfg.Accel.kernelArgs(),
		"console=ttyS0", "ignore_loglevel", "panic=-1", "sysrq_always_enabled", "log_buf_len=1M",
		"sysctl.kernel.hung_task_timeout_secs=20", "hostname=mdlife",
	)
}

// clean undoes what vmtest takes from VMTEST_* variables.
func clean(_ *qemu.IDAllocator, o *qemu.Options) error {
	o.KernelArgs, o.VMTimeout = "", 0
	o.QEMUArgs = []string{"-nographic"}
	return nil
}

// machineArgs are QEMU's arguments that make the machine.
func machineArgs(cfg Config) []string {
	args := []string{
		"-name", strings.Map(plain, cfg.Name),
		"-machine", cfg.Machine,
		"-cpu", cfg.Accel.cpu(),
		"-smp", fmt.Sprint(cfg.CPUs),
		"-m", fmt.Sprint(cfg.MemMiB),
		"-nodefaults", "-no-user-config", "-no-reboot", "-nic", "none",
	}
	return append(args, cfg.Accel.args()...)
}

// plain maps a character to one without meaning in a QEMU option.
func plain(r rune) rune {
	if r == ',' || r == '=' || r <= ' ' {
		return '-'
	}
	return r
}

// consoleArgs connect the first serial port to chardev "console".
func consoleArgs() []string { return []string{"-serial", "chardev:console"} }

// eventArgs connect the virtio-serial port of the events to chardev "events".
func eventArgs() []string {
	return []string{
		"-device", "virtio-serial-pci",
		"-device", "virtserialport,chardev=events,name=" + event.Port,
	}
}

// diskArgs connect the disks. A comma in a file's name is doubled for QEMU.
func diskArgs(disks []Disk) []string {
	var args []string
	for i, d := range disks {
		id := fmt.Sprintf("disk%d", i)
		args = append(args,
			"-drive", fmt.Sprintf("if=none,id=%s,format=raw,cache=none,file=%s", id, strings.ReplaceAll(d.Path, ",", ",,")),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=%s,serial=%s", id, d.Serial))
	}
	return args
}

// chardevFD is a QEMU character device on an inherited socket.
func chardevFD(id string, fd int) []string {
	return []string{"-chardev", fmt.Sprintf("socket,id=%s,fd=%d", id, fd)}
}
