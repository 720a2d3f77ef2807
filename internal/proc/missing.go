// SPDX-License-Identifier: BSD-3-Clause

package proc

import "slices"

// Missing makes one error of a list of Debian packages; nil if it is empty.
func Missing(packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	slices.Sort(packages)
	return &MissingError{Packages: slices.Compact(packages)}
}
