// SPDX-License-Identifier: BSD-3-Clause

package proc

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// packageOf names the Debian package of each tool that this project runs.
var packageOf = map[string]string{
	"clang-19": "clang-19", "codespell": "codespell", "nm": "binutils", "python3": "python3", "sparse": "sparse", "spatch": "coccinelle",
	"apt-cache": "apt", "apt-config": "apt", "apt-get": "apt", "awk": "mawk", "bc": "bc", "bison": "bison",
	"cp": "coreutils", "dpkg-deb": "dpkg", "flex": "flex", "gcc": "gcc", "git": "git", "ld": "binutils",
	"lz4": "lz4", "make": "make", "perl": "perl", "setpriv": "util-linux", "tar": "tar", "uname": "coreutils", "xz": "xz-utils",
}

// Package returns the Debian package of a tool, "" if it is none of this project's.
func Package(tool string) string { return packageOf[tool] }

// MissingError reports tools that are not installed.
type MissingError struct{ Packages []string }

func (e *MissingError) Error() string {
	return "missing tools: apt-get install " + strings.Join(e.Packages, " ")
}

// Missing makes one error of a list of Debian packages; nil if it is empty.
func Missing(packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	slices.Sort(packages)
	return &MissingError{Packages: slices.Compact(packages)}
}

// Require reports the packages of all tools that cannot be found, at once.
func Require(tools ...string) error { return Missing(Lacking(tools...)) }

// Lacking returns the packages of the tools that cannot be found.
func Lacking(tools ...string) []string {
	var packages []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			packages = append(packages, packageOf[tool])
		}
	}
	return packages
}

// Packages lists the Debian packages of all tools that this project runs.
func Packages() []string {
	return slices.Compact(slices.Sorted(maps.Values(packageOf)))
}
