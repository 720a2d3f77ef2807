// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc"
)

// writeAll writes executable files below dir.
func writeAll(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDepsScript plays a machine on which nothing is installed.
func TestDepsScript(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, dir, map[string]string{
		"bin/id":      "#!/bin/sh\necho $FAKE_UID\n",
		"bin/apt-get": "#!/bin/sh\necho \"apt-get $*\"\n",
		"bin/dirname": "#!/bin/sh\necho .\n",
		"bin/sed":     "#!/bin/sh\necho 1.26\n",
	})
	for uid, want := range map[string]string{
		"1000": "run: sudo apt-get install --no-install-recommends bc bison",
		"0":    "apt-get -qy install --no-install-recommends bc bison",
	} {
		cmd := proc.Command("/bin/sh", "deps.sh")
		cmd.Env = []string{"PATH=" + dir + "/bin", "FAKE_UID=" + uid}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("uid %s: error %v, output %q; want %q", uid, err, out, want)
		}
		if uid == "0" && !strings.Contains(string(out), "no go command: install Go 1.26") {
			t.Errorf("a missing go is not told of: %q", out)
		}
	}
}
