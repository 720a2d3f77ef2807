// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"runtime"

	"github.com/hugelgupf/vmtest/qemu"
)

// startTied starts QEMU from a thread that lives as long as QEMU does, and
// sends the outcome of waiting for it to exited, which must have room for it.
//
// QEMU is killed when its parent dies (see [pdeathsig]), and to the kernel that
// parent is a thread, which the Go runtime may end at will: so the goroutine
// keeps a thread to itself until QEMU has gone.
func startTied(ctx context.Context, exited chan<- error, fns ...qemu.Fn) (*qemu.VM, error) {
	type start struct {
		vm  *qemu.VM
		err error
	}
	started := make(chan start)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		vm, err := qemu.StartContext(ctx, qemu.ArchAMD64, fns...)
		started <- start{vm, err}
		if err == nil {
			exited <- vm.Wait()
		}
	}()
	s := <-started
	return s.vm, s.err
}
