// SPDX-License-Identifier: BSD-3-Clause

package checks

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// Which names new_array takes.
func init() {
	register(naming, expedited(
		check{"R12-ambiguous-names", "R12", ambiguousNames},
		check{"R12-good-names", "R12", goodNames},
	)...)
}

// ambiguous are names that could be another device's, or that cannot be told
// from another name in /dev, in sysfs or in a log.
var ambiguous = []string{
	"md_", "md_0", "md_123", "md_d0", "md_d12p3", "md_a/b", "md_c!d", "md_/", "md_ x", "md_x ", "md_a\tb", "md_a\x01", "md_\x7f",
	"md007", "md00", "md0123",
}

// ambiguousNames tries all of them before it fails, to name all that are taken.
func ambiguousNames(*env) (string, error) {
	var taken []string
	for _, name := range ambiguous {
		switch err := md.NewArray(name); {
		case err == nil:
			taken = append(taken, fmt.Sprintf("%q", name))
		case err != unix.EINVAL:
			if err := want(fmt.Sprintf("%q > new_array", name), err, unix.EINVAL); err != nil {
				return "", err
			}
		}
	}
	if len(taken) > 0 {
		return "", fmt.Errorf("new_array takes %s", strings.Join(taken, ", "))
	}
	return fmt.Sprintf("%d names that could be another device's got EINVAL", len(ambiguous)), nil
}

// goodNames: what looks like an ambiguous name and is none stays allowed. None may
// look in sysfs like one of those, which an unpatched kernel may have kept.
func goodNames(e *env) (string, error) {
	names := []string{"md_d", "md_data", "md_d0a", "md_1st", "md_home.1", "md_0p1", "md_é", "md_c+d"}
	for _, name := range names {
		if _, err := e.makeNamed(name); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d names with digits, dots and other bytes in them were taken", len(names)), nil
}
