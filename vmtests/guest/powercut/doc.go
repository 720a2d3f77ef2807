// SPDX-License-Identifier: BSD-3-Clause

// Package powercut cuts the power under arrays that are written to, and looks whether all
// data are there that were acknowledged. The power of one disk of a guest is cut by the guest
// itself (guestdisk.go); that of the whole machine by the host, which kills QEMU while the
// guest writes (machine.go; package vmtests has the host's side).
package powercut
