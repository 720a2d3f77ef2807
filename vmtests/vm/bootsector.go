// SPDX-License-Identifier: BSD-3-Clause

package vm

// bootHello is what the boot sector writes to the first serial port.
const bootHello = "mdlife boots"

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
