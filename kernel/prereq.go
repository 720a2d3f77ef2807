// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"mdlife/internal/proc"
)

// toolPackages are the programs that a build needs, and their packages.
var toolPackages = map[string]string{
	"gcc": "gcc", "ld": "binutils", "make": "make", "flex": "flex", "bison": "bison",
	"bc": "bc", "git": "git", "tar": "tar", "xz": "xz-utils", "perl": "perl", "cp": "coreutils", "lz4": "lz4",
}

// headerPackages are the headers that the kernel's host programs include.
var headerPackages = map[string]string{
	"stdio.h": "libc6-dev", "libelf.h": "libelf-dev",
}

// checkTools reports all packages that a build needs and that are missing.
func checkTools(ctx context.Context) error {
	var missing []string
	for tool, pkg := range toolPackages {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 { // gcc is there to ask about headers
		for header, pkg := range headerPackages {
			cmd := exec.Command("gcc", "-E", "-o", os.DevNull, "-")
			cmd.Stdin = strings.NewReader("#include <" + header + ">\n")
			if _, err := proc.Output(ctx, cmd); err != nil {
				missing = append(missing, pkg)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return proc.Missing(missing)
}

// compilerID identifies compiler and linker.
func compilerID(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, tool := range []string{"gcc", "ld"} {
		cmd := exec.Command(tool, "--version")
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := proc.Output(ctx, cmd)
		if err != nil {
			return "", err
		}
		sum.Write(out)
	}
	return hex.EncodeToString(sum.Sum(nil))[:20], nil
}

// What the steps need on disk, in MiB, with some reserve. Measured on 6.1: the
// package 133, its tarball 133 and the tree 1,500; objects 280. With debugging
// it is an estimate.
const (
	roomSource     = 2000
	roomBuild      = 600
	roomDebugBuild = 4000
)

// roomFor checks that dir's file system has room for mib MiB.
func roomFor(dir string, mib int64, what string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("asking for the free space in %s: %w", dir, err)
	}
	free := int64(st.Bavail) * st.Bsize >> 20
	if free < mib {
		return fmt.Errorf("%s needs %.1f GiB in %s, %.1f GiB free; make room or set XDG_CACHE_HOME",
			what, float64(mib)/1024, dir, float64(free)/1024)
	}
	return nil
}
