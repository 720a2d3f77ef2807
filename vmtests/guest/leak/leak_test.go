// SPDX-License-Identifier: BSD-3-Clause

package leak

import (
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	before := Snapshot{
		active:  map[string]int{"kmalloc-2k": 100, "bdev_cache": 50},
		threads: map[string]int{"md5_raid1": 1},
	}
	for _, c := range []struct {
		name    string
		now     Snapshot
		devices []string
		want    []string
	}{
		{"nothing", before, []string{"md0"}, []string{}},
		{"slack", Snapshot{active: map[string]int{"kmalloc-2k": 100 + Slack, "bdev_cache": 40}}, nil, []string{}},
		{"an object a cycle", Snapshot{active: map[string]int{"kmalloc-2k": 1100, "bdev_cache": 50}}, nil,
			[]string{"kmalloc-2k: 1000 more objects than before (100)"}},
		{"missed", Snapshot{active: map[string]int{"kmalloc-2k": 100, "kmalloc-4k": 307, "bdev_cache": 50}}, nil,
			[]string{"kmalloc-4k: was in one look at /proc/slabinfo only"}},
		{"a thread", Snapshot{active: before.active, threads: map[string]int{"md0_raid1": 1, "md5_raid1": 1}}, []string{"md0"},
			[]string{"kernel thread md0_raid1 is left"}},
		{"another's thread", Snapshot{active: before.active, threads: map[string]int{"md7_raid1": 1}}, []string{"md0"}, []string{}},
		{"a longer name", Snapshot{active: before.active, threads: map[string]int{"md00_raid1": 1}}, []string{"md0"}, []string{}},
		{"a family", Snapshot{active: before.active, threads: map[string]int{"md_r12_raid1": 1}}, []string{"md_r"},
			[]string{"kernel thread md_r12_raid1 is left"}},
		{"not looked at", Snapshot{active: map[string]int{"kmalloc-2k": 100, "bdev_cache": 50, "dentry": 1 << 20}}, nil, []string{}},
	} {
		if got := before.compare(c.now, c.devices); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q instead of %q", c.name, got, c.want)
		}
	}
}
