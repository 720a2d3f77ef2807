// SPDX-License-Identifier: BSD-3-Clause

package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Command prepares a tool for [Run] and [Output]. The tool gets this process's
// environment without GIT_*: git sets such variables for its hooks, and a tool
// that calls git in a directory of ours would be led to the caller's repository.
func Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = withoutGit(os.Environ())
	return cmd
}

// withoutGit returns env without all variables of git's.
func withoutGit(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
}

// ScratchGit prepares a git command for dir, a repository or a bare directory
// that this program has made. The user's settings (hooks, am.*, signing) do not
// count, git looks for no repository above dir, and does not wait for the disk.
func ScratchGit(dir string, args ...string) *exec.Cmd {
	cmd := Command("git", append([]string{"-c", "core.fsync=none"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true")
	return cmd
}

// ReadGit prepares a git command that looks at dir, somebody's work tree, with
// its owner's settings and whoever that is. It writes nothing there, if the
// command itself does not.
func ReadGit(dir string, args ...string) *exec.Cmd {
	cmd := Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	return cmd
}
