// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Assemble has mdadm assemble the array of these members, with more arguments.
func (a *Array) Assemble(members []string, more ...string) error {
	args := append([]string{"--assemble", a.newDev(), "--run", "--config=" + a.conf, "--auto=md"}, more...)
	return a.RunMdadm(append(args, members...)...)
}

// AssembleFirst assembles the array of the members that it had at first.
func (a *Array) AssembleFirst() error { return a.Assemble(a.First()) }

// AssembleByForce assembles the array, if need be with --force, and reports whether there
// was need.
func (a *Array) AssembleByForce(members []string) (forced bool, err error) {
	if a.Assemble(members) == nil {
		return false, nil
	}
	return true, a.Assemble(members, "--force")
}

// Assembly is a way of mdadm to find an array again.
type Assembly struct {
	Name string
	Do   func(a *Array, uuid string) error
}

// Assemblies returns all the ways of mdadm to find an array again.
func Assemblies() []Assembly {
	return []Assembly{
		{"by uuid", (*Array).assembleByUUID},
		{"by scan", (*Array).assembleByScan},
		{"incrementally", (*Array).assembleIncrementally},
	}
}

func (a *Array) assembleByUUID(uuid string) error {
	return a.RunMdadm(slices.Concat([]string{"--assemble", a.newDev(), "--config=" + a.conf, "--uuid=" + uuid}, a.First())...)
}

func (a *Array) assembleByScan(uuid string) error {
	if err := a.nameInConfig(uuid); err != nil {
		return err
	}
	return a.RunMdadm("--assemble", "--scan", "--config="+a.conf)
}

func (a *Array) assembleIncrementally(uuid string) error {
	return a.incrementally(uuid, a.First())
}

func (a *Array) incrementally(uuid string, members []string) error {
	if err := a.nameInConfig(uuid); err != nil {
		return err
	}
	for _, m := range members {
		if err := a.RunMdadm("--incremental", "--config="+a.conf, m); err != nil {
			return err
		}
	}
	return nil
}

// AddIncrementally has mdadm do with a member what it does when udevd tells it of a new disk.
func (a *Array) AddIncrementally(member string) error {
	uuid, err := a.UUID()
	if err != nil {
		return err
	}
	return a.incrementally(uuid, []string{member})
}

// configHead begins mdadm's configuration: the kernel is told an array's name.
const configHead = "CREATE names=yes\nHOMEHOST <ignore>\n"

// Config returns the file of mdadm's configuration.
func (a *Array) Config() string { return a.conf }

// WriteConfig writes mdadm's configuration, which knows of no array.
func (a *Array) WriteConfig() error { return os.WriteFile(a.conf, []byte(configHead), 0o644) }

// WithoutBadBlockLog has mdadm's configuration say that an array gets no log of bad blocks.
func (a *Array) WithoutBadBlockLog() error {
	return os.WriteFile(a.conf, []byte(configHead+"CREATE bbl=no\n"), 0o644)
}

// nameInConfig has mdadm's configuration name the array.
func (a *Array) nameInConfig(uuid string) error {
	conf := fmt.Sprintf("%sDEVICE %s\nARRAY %s UUID=%s\n", configHead, strings.Join(a.Members, " "), a.newDev(), uuid)
	return os.WriteFile(a.conf, []byte(conf), 0o644)
}

var uuidPattern = regexp.MustCompile(`UUID=([0-9a-f:]+)`)

// UUID asks mdadm for the array's UUID.
func (a *Array) UUID() (string, error) { return a.uuidOf(a.Dev()) }

// uuidOf asks mdadm for the UUID of an array or a container.
func (a *Array) uuidOf(node string) (string, error) {
	out, err := a.host.Mdadm(a.ctx, commandLimit, "--detail", "--brief", node)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	m := uuidPattern.FindStringSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("mdadm --detail --brief names no UUID: %s", out)
	}
	return m[1], nil
}
