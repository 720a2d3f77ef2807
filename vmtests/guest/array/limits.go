// SPDX-License-Identifier: BSD-3-Clause

package array

import "time"

// How long things may take on a busy machine.
const (
	commandLimit = 30 * time.Second // for one mdadm
	GoneLimit    = 10 * time.Second // for a device that nobody needs
	SyncLimit    = 40 * time.Second // for a resync, a recovery or a reshape
	SettleTime   = 2 * time.Second  // a device that is there after that stays
)
