// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/vmtests"
)

// plainFiles can hold no comment, or hold what others wrote: licence texts, golden
// data, mails, lists with a fixed format.
var plainFiles = []string{"LICENSES/", "go.mod", "go.sum", "*/testdata/*", "*.json", "*.png", "*.patch",
	"initramfs/etc/group", "initramfs/etc/hostname", "initramfs/etc/passwd"}

// licences says what may stand in the SPDX line of which files.
func licence(path string) string {
	if strings.HasPrefix(path, "patches/") || strings.HasPrefix(path, "kernel/config/") || strings.HasSuffix(path, ".config") ||
		strings.HasPrefix(path, "kernel/racepoint/") || strings.HasSuffix(path, ".c") || strings.HasSuffix(path, ".h") {
		return "GPL-2.0-only"
	}
	return "BSD-3-Clause"
}

// plain tells whether a file needs no SPDX line of its own.
func plain(path string) bool {
	for _, p := range plainFiles {
		prefix := strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)
		inside := strings.Contains(p, "/testdata/") && strings.Contains("/"+path, "/testdata/")
		name, _ := filepath.Match(p, path)
		base, _ := filepath.Match(p, filepath.Base(path))
		if prefix || inside || name || base {
			return true
		}
	}
	return false
}

// TestEveryFileNamesItsLicence looks at all files that git knows or would add.
func TestEveryFileNamesItsLicence(t *testing.T) {
	root, err := vmtests.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	out, err := proc.ReadGit(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("git ls-files (apt-get install git): %v", err)
	}
	files := strings.Split(strings.Trim(string(out), "\x00"), "\x00")
	if len(files) < 20 {
		t.Fatalf("git lists %d files", len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(root, f))
		if os.IsNotExist(err) || len(b) == 0 {
			continue // removed and not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.IndexByte(b, 0) >= 0 {
			continue // binary
		}
		if want := "SPDX-License-Identifier: " + licence(f); !plain(f) && !hasEarly(b, want) {
			t.Errorf("%s lacks %q in its first lines", f, want)
		}
		if strings.HasSuffix(f, ".patch") {
			for _, name := range newFilesWithoutSPDX(string(b)) {
				t.Errorf("%s makes %s without an SPDX line", f, name)
			}
		}
	}
}

// hasEarly tells whether text stands in the first five lines.
func hasEarly(b []byte, text string) bool {
	lines := bytes.SplitN(b, []byte("\n"), 6)
	return bytes.Contains(bytes.Join(lines[:min(5, len(lines))], []byte("\n")), []byte(text))
}

// newFilesWithoutSPDX lists the files that a patch makes without naming the
// licence in an added line.
func newFilesWithoutSPDX(patch string) (names []string) {
	for _, part := range strings.Split(patch, "\ndiff --git ")[1:] {
		if strings.Contains(part, "\nnew file mode ") && !strings.Contains(part, "SPDX-License-Identifier: GPL-2.0") {
			names = append(names, strings.Fields(part)[0])
		}
	}
	return names
}

func TestSPDXRulesCanFail(t *testing.T) {
	if hasEarly([]byte("a\nb\nc\nd\ne\nSPDX-License-Identifier: x\n"), "SPDX") || !hasEarly([]byte("#!/bin/sh\n# SPDX\n"), "SPDX") {
		t.Error("hasEarly")
	}
	if plain("tools/md/md.go") || !plain("vmtests/triage/testdata/oops.log") || !plain("go.sum") || !plain("LICENSES/x") {
		t.Error("plain")
	}
	if licence("tools/md/md.go") != "BSD-3-Clause" || licence("kernel/config/md.config") != "GPL-2.0-only" {
		t.Error("licence")
	}
	patch := "\ndiff --git a/t.sh b/t.sh\nnew file mode 100644\n+x\n"
	if len(newFilesWithoutSPDX(patch)) != 1 || len(newFilesWithoutSPDX(patch+"+# SPDX-License-Identifier: GPL-2.0\n")) != 0 {
		t.Error("newFilesWithoutSPDX")
	}
}
