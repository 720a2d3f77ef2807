// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// udevd's rule for arrays runs mdadm for each that it hears of, and its rules override those of the
// same name in the system's folder.
const (
	arrayRule   = "63-md-raid-arrays.rules"
	ruleFolder  = "/run/udev/rules.d"
	unnoticed   = "/run/mdlife-unnoticed" // has a file for each array that the rule must leave alone
	ruleLeaves  = "TEST==\"" + unnoticed + "/$kernel\", GOTO=\"md_end\"\n"
	systemRules = "/usr/lib/udev/rules.d /lib/udev/rules.d"

	// A network block device that has been open for writing is looked at once more each time that it is closed.
	// Those of a test case are members, which nobody needs to find, and each stop of an array closes them.
	diskRule  = "61-mdlife-disks.rules" // after 60-block.rules
	diskWatch = "SUBSYSTEM==\"block\", KERNEL==\"nbd*\", OPTIONS+=\"nowatch\"\n"
)

// LetArraysBeUnnoticed has Debian's rule for arrays leave those alone that are in [Array.Quickly].
// udevd must be started afterwards.
func LetArraysBeUnnoticed() error {
	for _, folder := range strings.Fields(systemRules) {
		rule, err := os.ReadFile(filepath.Join(folder, arrayRule))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		return Steps(
			func() error { return os.MkdirAll(ruleFolder, 0o755) },
			func() error { return os.MkdirAll(unnoticed, 0o755) },
			func() error { return os.WriteFile(filepath.Join(ruleFolder, diskRule), []byte(diskWatch), 0o644) },
			func() error {
				return os.WriteFile(filepath.Join(ruleFolder, arrayRule), append([]byte(ruleLeaves), rule...), 0o644)
			},
		)
	}
	return fmt.Errorf("%s is in none of %s (Debian package mdadm)", arrayRule, systemRules)
}

// LeftAlone returns a step in which udevd does nothing about the array: where that is assembled
// hundreds of times, it would take most of the time, and have the device open when it must go.
func (a *Array) LeftAlone(steps ...func() error) func() error {
	return func() error {
		file := filepath.Join(unnoticed, a.KernelName())
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			return err
		}
		err := Steps(steps...)
		return errors.Join(err, os.Remove(file))
	}
}
