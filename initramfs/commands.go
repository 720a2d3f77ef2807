// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	_ "embed" // for the list of commands
	"regexp"
)

// coreCommands is where u-root keeps the commands of a usual Unix system.
const coreCommands = "github.com/u-root/u-root/cmds/core/"

//go:embed tools.go
var toolsFile string

// commands are the u-root commands of the image, all in one binary: those that tools.go
// imports.
var commands = coreNames(toolsFile)

// coreNames returns the names of u-root's commands that a Go file imports.
func coreNames(file string) (names []string) {
	line := regexp.MustCompile(`(?m)^\t_ "` + regexp.QuoteMeta(coreCommands) + `([\w-]+)"`)
	for _, m := range line.FindAllStringSubmatch(file, -1) {
		names = append(names, m[1])
	}
	return names
}

// commandPaths returns the import paths of [commands].
func commandPaths() []string {
	paths := make([]string, len(commands))
	for i, name := range commands {
		paths[i] = coreCommands + name
	}
	return paths
}
