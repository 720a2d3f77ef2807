// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"

	"mdlife/internal/proc"
)

// tools are the programs that a build needs.
var tools = []string{"gcc", "ld", "make", "flex", "bison", "bc", "git", "tar", "xz", "perl", "cp", "lz4"}

// headerPackages are the headers that the kernel's host programs include.
var headerPackages = map[string]string{
	"stdio.h": "libc6-dev", "libelf.h": "libelf-dev",
}

// checkTools reports all packages that a build needs and that are missing.
func checkTools(ctx context.Context) error {
	missing := proc.Lacking(tools...)
	if len(missing) == 0 { // gcc is there to ask about headers
		for header, pkg := range headerPackages {
			cmd := proc.Command("gcc", "-E", "-o", os.DevNull, "-")
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
		cmd := proc.Command(tool, "--version")
		cmd.Env = append(cmd.Env, "LC_ALL=C")
		out, err := proc.Output(ctx, cmd)
		if err != nil {
			return "", err
		}
		sum.Write(out)
	}
	return hex.EncodeToString(sum.Sum(nil))[:20], nil
}

// What a build needs on disk, in MiB, with some reserve. Measured on 6.1: objects
// 280. With debugging it is an estimate.
const (
	roomBuild      = 600
	roomDebugBuild = 4000
)
