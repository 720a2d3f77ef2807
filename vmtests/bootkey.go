// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"fmt"
	"os"

	"mdlife/initramfs"
	"mdlife/vmtests/vm"
)

// bootVersion is part of every key: raise it when [Options.BootAlone] tries or wants
// something else of a kernel.
const bootVersion = "1"

// BootKey identifies everything besides the kernel on which the outcome of
// [Options.BootAlone] depends: the image, QEMU and the accelerator that was asked for.
func (o Options) BootKey(image initramfs.Image) ([]string, error) {
	qemu, err := vm.FindQEMU()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(qemu)
	if err != nil {
		return nil, err
	}
	program := fmt.Sprintf("%s %d %d", qemu, info.Size(), info.ModTime().UnixNano())
	return []string{bootVersion, image.Key, program, string(o.Accel.Wish())}, nil
}
