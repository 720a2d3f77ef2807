// SPDX-License-Identifier: BSD-3-Clause

// Package recorded has disks in this program's memory that the kernel uses by its network block
// device (nbd), a log of all that they are told, and the states in which a power cut may leave
// them. So a workload is written once, and then the power is cut at each moment that matters, as
// often as there are things that a disk may have lost.
//
// It is a server of its own, and not one of Go's libraries for nbd: those hide which request
// wants its data on the disk (FUA), and what comes while another request is under way; the log
// is about nothing else.
package recorded
