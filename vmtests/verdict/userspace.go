// SPDX-License-Identifier: BSD-3-Clause

package verdict

import "fmt"

// Userspace is what a guest has of Debian.
type Userspace struct {
	Suite string `json:"suite"` // "trixie"
	Mdadm string `json:"mdadm"` // version of the package
	Udev  string `json:"udev"`
}

// String is a line about it, "" for an unknown one.
func (u Userspace) String() string {
	if u.Suite == "" {
		return ""
	}
	return fmt.Sprintf("In the guests: mdadm %s and udev %s, of Debian %s", u.Mdadm, u.Udev, u.Suite)
}
