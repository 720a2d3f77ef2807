// SPDX-License-Identifier: BSD-3-Clause

package initramfs

// coreCommands is where u-root keeps the commands of a usual Unix system.
const coreCommands = "github.com/u-root/u-root/cmds/core/"

// commands are the u-root commands of the image, all in one binary. tools.go
// imports the same ones, so that go.mod keeps what they need.
var commands = []string{
	"init", // process 1: mounts, runs /bin/uinit, then /bin/defaultsh
	"gosh", // the shell

	"basename", "blkid", "cat", "chmod", "cmp", "cp", "date", "dd", "df",
	"dirname", "dmesg", "du", "echo", "false", "find", "free", "grep", "gzip",
	"head", "hexdump", "hostname", "id", "insmod", "ip", "kill", "ln",
	"losetup", "ls", "lsmod", "mkdir", "mknod", "more", "mount", "mv",
	"pidof", "poweroff", "printenv", "ps", "pwd", "readlink", "rm", "rmmod",
	"seq", "shutdown", "sleep", "sort", "strings", "stty", "sync", "tail",
	"tar", "tee", "time", "timeout", "touch", "true", "truncate", "umount",
	"uname", "uniq", "uptime", "wc", "which", "xargs", "yes",
}

// commandPaths returns the import paths of [commands].
func commandPaths() []string {
	paths := make([]string, len(commands))
	for i, name := range commands {
		paths[i] = coreCommands + name
	}
	return paths
}
