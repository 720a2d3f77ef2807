// SPDX-License-Identifier: BSD-3-Clause

package steady

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mdstat = `Personalities : [raid1] 
md0 : active raid1 ram1[1] ram0[0]
      16384 blocks super non-persistent [2/2] [UU]
      
unused devices: <none>
`

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	proc := tree(t, map[string]string{"mdstat": mdstat})
	md := "block/md0/md/"
	sys := tree(t, map[string]string{
		md + "level": "raid1", md + "array_state": "clean", md + "metadata_version": "none", md + "raid_disks": "2",
		md + "uuid": "", md + "degraded": "0", md + "sync_action": "idle", md + "sync_completed": "none",
		md + "dev-ram0/state": "in_sync", md + "dev-ram1/state": "in_sync",
	})
	a, err := find(proc, sys, "md0")
	if err != nil {
		t.Fatal(err)
	}
	if a.Stat.ActivityState != "active" || a.Stat.DisksActive != 2 || a.Stat.BlocksTotal != 16384 {
		t.Errorf("mdstat: %+v", a.Stat)
	}
	if a.Sysfs.Level != "raid1" || a.Sysfs.ArrayState != "clean" || len(a.Sysfs.Components) != 2 {
		t.Errorf("sysfs: %+v", a.Sysfs)
	}
	if _, err := find(proc, sys, "md1"); err == nil || !strings.Contains(err.Error(), "md1 is listed in") {
		t.Errorf("a missing array: %v", err)
	}
	if err := os.Remove(filepath.Join(sys, md, "level")); err != nil {
		t.Fatal(err)
	}
	if _, err := find(proc, sys, "md0"); err == nil {
		t.Error("an array that vanishes is no error")
	}
}
