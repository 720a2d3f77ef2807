// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"fmt"
	"strings"

	"mdlife/internal/proc"
)

// clang is the command of the newest clang of Debian 12: today's kernels want version 17.
const clang = "clang-19"

// Require reports the packages of the tools that are missing.
func Require() error {
	err := proc.Require(clang, "sparse", "spatch", "codespell", "python3", "gcc", "ld", "nm", "make", "flex", "bison", "bc", "perl", "cp")
	if err != nil {
		return fmt.Errorf("%w; make deps-bots installs them", err)
	}
	return nil
}

// versions asks each tool for its version, by which what it has said is kept.
func versions(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for _, tool := range []string{clang, "sparse", "spatch", "codespell", "gcc", "ld"} {
		cmd := proc.Command(tool, "--version")
		cmd.Env = append(cmd.Env, "LC_ALL=C")
		out, err := proc.Output(ctx, cmd)
		if err != nil {
			return nil, err
		}
		all[tool] = strings.TrimSpace(string(out))
	}
	return all, nil
}

// said runs a tool and returns all that it printed.
func said(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := proc.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(cmd.Env, "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1")
	out, err := proc.Combined(ctx, cmd)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return string(out), err
}
