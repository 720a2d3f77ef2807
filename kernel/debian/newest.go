// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mdlife/internal/proc"
)

// newest returns the package whose name is prefix and the highest version
// number that the lists have.
func (t apt) newest(ctx context.Context, prefix string) (string, error) {
	cmd := proc.Command("apt-cache", "pkgnames", prefix)
	cmd.Env = append(cmd.Env, "APT_CONFIG="+t.path("apt.conf"), "LC_ALL=C")
	out, err := proc.Output(ctx, cmd)
	if err != nil {
		return "", err
	}
	name := newestOf(strings.Fields(string(out)), prefix)
	if name == "" {
		return "", fmt.Errorf("the archive has no package %sN.N", prefix)
	}
	return name, nil
}

// newestOf returns the name that is prefix and the highest number like 7.2, ""
// if there is none. Other names ("linux-source-7.2-rt") do not count.
func newestOf(names []string, prefix string) string {
	best, bestVersion := "", []int(nil)
	for _, name := range names {
		number, ok := strings.CutPrefix(name, prefix)
		version := parseVersion(number)
		if ok && version != nil && slices.Compare(version, bestVersion) > 0 {
			best, bestVersion = name, version
		}
	}
	return best
}

// parseVersion reads a number like 6.12; nil if it is none.
func parseVersion(s string) []int {
	var version []int
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil
		}
		version = append(version, n)
	}
	return version
}
