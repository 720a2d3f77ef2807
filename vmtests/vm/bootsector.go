// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bootHello is what the boot sector writes to the first serial port.
const bootHello = "mdlife boots"

// probeLimit is how long a boot sector may take to say hello: with a KVM that
// works it takes a fifth of a second.
var probeLimit = 3 * time.Second

// bootSector returns a floppy's first sectors: a program that writes bootHello
// to the serial port at 0x3f8 and ends QEMU through isa-debug-exit at 0x501.
//
//	     cld
//	     xor  ax, ax
//	     mov  ds, ax
//	     mov  si, 0x7c00+text
//	     mov  dx, 0x3f8
//	next: lodsb
//	     test al, al
//	     jz   end
//	     out  dx, al
//	     jmp  next
//	end: mov  dx, 0x501
//	     out  dx, al
//	     hlt
//	     jmp  $-1
func bootSector() []byte {
	const text = 27 // offset of the text: the length of the code
	code := []byte{
		0xfc,
		0x31, 0xc0,
		0x8e, 0xd8,
		0xbe, text, 0x7c,
		0xba, 0xf8, 0x03,
		0xac,
		0x84, 0xc0,
		0x74, 0x03,
		0xee,
		0xeb, 0xf8,
		0xba, 0x01, 0x05,
		0xee,
		0xf4,
		0xeb, 0xfd,
		0x90,
	}
	image := make([]byte, 1440<<10) // QEMU knows floppies by their size
	copy(image, code)
	copy(image[len(code):], bootHello+"\n\x00")
	image[510], image[511] = 0x55, 0xaa
	return image
}

// tryKVM returns nil if KVM runs a boot sector.
func tryKVM(ctx context.Context, program, device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	f.Close()
	if err := bootSectorOn(ctx, program, KVM); err != nil {
		return fmt.Errorf("%s %w", device, err)
	}
	return nil
}

// bootSectorOn returns nil if an accelerator runs a boot sector until that
// says hello.
func bootSectorOn(ctx context.Context, program string, a Accel) error {
	dir, err := os.MkdirTemp("", "mdlife-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	disk := filepath.Join(dir, "boot.img")
	if err := os.WriteFile(disk, bootSector(), 0o600); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	args := append(a.args(), "-machine", "pc", "-cpu", a.cpu(), "-m", "16",
		"-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-nic", "none",
		"-serial", "stdio", "-device", "isa-debug-exit,iobase=0x501,iosize=1",
		"-drive", "format=raw,if=floppy,file="+disk)
	cmd := exec.CommandContext(limited, program, args...)
	// Should a descendant keep the pipes open, they are closed all the same.
	cmd.WaitDelay = time.Second
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err = cmd.Run()
	if bytes.Contains(out.Bytes(), []byte(bootHello)) {
		return nil
	}
	if limited.Err() != nil {
		return fmt.Errorf("did not run a boot sector within %v", probeLimit)
	}
	return fmt.Errorf("did not run a boot sector: %w %s", err, firstLine(stderr.String()))
}
