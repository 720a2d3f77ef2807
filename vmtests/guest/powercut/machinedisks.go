// SPDX-License-Identifier: BSD-3-Clause

package powercut

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/array"
)

// powerArray is a kind of array of a machine that is killed.
type powerArray struct {
	name        string
	personality string
	more        []string // arguments of mdadm --create
	degraded    bool
	hole        bool // a stripe that was being written may lose the missing data
}

// powerArrays are all arrays of the machine. Those with the write hole promise nothing
// for a stripe that was being written, but everything for the others.
var powerArrays = []powerArray{
	{name: "raid1", personality: "raid1"},
	{name: "raid1-degraded", personality: "raid1", degraded: true},
	{name: "raid10-near", personality: "raid10-near"},
	{name: "raid10-far", personality: "raid10-far"},
	{name: "raid10-near-degraded", personality: "raid10-near", degraded: true},
	{name: "raid5", personality: "raid5"},
	{name: "raid5-journal", personality: "raid5", more: []string{array.JournalArg}},
	{name: "raid5-journal-degraded", personality: "raid5", more: []string{array.JournalArg}, degraded: true},
	{name: "raid5-ppl", personality: "raid5", more: []string{array.PPLArg}},
	{name: "raid5-ppl-degraded", personality: "raid5", more: []string{array.PPLArg}, degraded: true},
	{name: "raid5-degraded", personality: "raid5", degraded: true, hole: true},
	{name: "raid6", personality: "raid6"},
	{name: "raid6-journal", personality: "raid6", more: []string{array.JournalArg}},
	{name: "raid6-degraded", personality: "raid6", degraded: true, hole: true},
}

// Names returns the names of the machine's arrays.
func Names() []string {
	var all []string
	for _, k := range powerArrays {
		all = append(all, k.name)
	}
	return all
}

// Check returns an error that says in one line which name is none of the machine's arrays.
func Check(names ...string) error {
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no array %s; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	return nil
}

// machineArrays returns the arrays of these names, none for all, on the machine's disks.
func machineArrays(ctx context.Context, names []string) ([]*machineArray, error) {
	members, ledger, err := machineDisks()
	if err != nil {
		return nil, err
	}
	for _, disk := range members {
		if err := addPartitions(disk, len(powerArrays)); err != nil {
			return nil, err
		}
	}
	var all []*machineArray
	for i, k := range powerArrays {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		m, err := newMachineArray(ctx, k, i, members, ledger)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// machineDisks returns the nodes of the member disks and of the ledger's.
func machineDisks() (members []string, ledger string, err error) {
	disks, err := disksBySerial()
	if err != nil {
		return nil, "", err
	}
	wanted := []string{event.LedgerDisk}
	for i := range event.PowerDisks {
		wanted = append(wanted, fmt.Sprintf("%s%d", event.MemberDisk, i))
	}
	var nodes []string
	for _, serial := range wanted {
		node, ok := disks[serial]
		if !ok {
			return nil, "", fmt.Errorf("the machine has no disk %s", serial)
		}
		nodes = append(nodes, node)
	}
	return nodes[1:], nodes[0], nil
}

// disksBySerial finds virtio disks by the serial numbers that QEMU gave them.
func disksBySerial() (map[string]string, error) {
	files, err := filepath.Glob("/sys/block/vd*/serial")
	if err != nil {
		return nil, err
	}
	disks := map[string]string{}
	for _, file := range files {
		serial, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		disks[strings.TrimSpace(string(serial))] = "/dev/" + filepath.Base(filepath.Dir(file))
	}
	return disks, nil
}
