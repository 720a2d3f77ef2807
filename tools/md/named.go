// SPDX-License-Identifier: BSD-3-Clause

package md

import (
	"errors"
	"os"
	"strings"
)

const params = "/sys/module/md_mod/parameters/"

// NewArray creates an array by name, "md_home" or "md7", by writing to
// md_mod's parameter new_array (drivers/md/md.c, add_named_array). An "md_…"
// array gets a free minor of at least [FirstNamedMinor]; [DevNumber] tells
// which. EEXIST: the name or number is in use. E2BIG: longer than 31 bytes.
// EINVAL: not such a name.
func NewArray(name string) error { return writeOnce(params+"new_array", name) }

// RemovesInStop reports whether a stop removes the device itself, whoever has it
// open still (md_mod's parameter legacy_async_del_gendisk, since Linux 6.18), and
// not the last close.
func RemovesInStop() bool {
	b, err := os.ReadFile(params + "legacy_async_del_gendisk")
	return err == nil && strings.HasPrefix(string(b), "N")
}

// CreateOnOpen reads md_mod's parameter create_on_open: whether an open of a
// missing device with a minor below 512 creates it.
func CreateOnOpen() (bool, error) {
	b, err := os.ReadFile(params + "create_on_open")
	return strings.HasPrefix(string(b), "Y"), err
}

// SetCreateOnOpen writes md_mod's parameter create_on_open.
func SetCreateOnOpen(on bool) error {
	value := "N"
	if on {
		value = "Y"
	}
	return writeOnce(params+"create_on_open", value)
}

// shared are md_mod's parameters that programs change for good.
var shared = []string{"legacy_async_del_gendisk", "create_on_open"}

// KeepParameters notes the parameters that programs change for good, and returns what restores
// them: mdadm sets legacy_async_del_gendisk to N since 4.5.
func KeepParameters() (restore func() error) {
	was := map[string]string{}
	for _, name := range shared {
		if b, err := os.ReadFile(params + name); err == nil { // it may not have that one
			was[name] = strings.TrimSpace(string(b))
		}
	}
	return func() (err error) {
		for name, value := range was {
			now, readErr := os.ReadFile(params + name)
			if readErr == nil && strings.TrimSpace(string(now)) != value { // else md has been unloaded
				err = errors.Join(err, writeOnce(params+name, value))
			}
		}
		return err
	}
}
