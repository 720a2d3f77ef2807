// SPDX-License-Identifier: BSD-3-Clause

// Package gittest makes sure in tests that no git command reaches the caller's
// repository, whatever variables a git hook around the test has set.
package gittest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"mdlife/internal/proc"
)

// Victim makes a repository with a commit, a staged and an unstaged change, and
// sets the variables with which git leads its children to it. When the test
// ends, every file of the repository must be as it was.
func Victim(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "file", "committed\n")
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "-A"},
		{"-c", "user.name=v", "-c", "user.email=v@localhost", "commit", "--quiet", "--message", "victim"},
	} {
		if _, err := proc.Output(t.Context(), proc.ScratchGit(dir, args...)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "staged", "staged\n")
	if _, err := proc.Output(t.Context(), proc.ScratchGit(dir, "add", "staged")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "file", "changed\n")
	before := snapshot(t, dir)
	t.Cleanup(func() {
		if after := snapshot(t, dir); !maps.Equal(before, after) {
			t.Errorf("the caller's repository was written to:\nbefore %v\nafter  %v", before, after)
		}
	})
	for name, value := range variables(dir) {
		t.Setenv(name, value)
	}
}

// variables lead git to the repository in dir, or have it write there.
func variables(dir string) map[string]string {
	git := filepath.Join(dir, ".git")
	return map[string]string{
		"GIT_DIR":                          git,
		"GIT_COMMON_DIR":                   git,
		"GIT_WORK_TREE":                    dir,
		"GIT_INDEX_FILE":                   filepath.Join(git, "index"),
		"GIT_OBJECT_DIRECTORY":             filepath.Join(git, "objects"),
		"GIT_ALTERNATE_OBJECT_DIRECTORIES": filepath.Join(git, "objects"),
		"GIT_NAMESPACE":                    "victim",
		"GIT_PREFIX":                       "sub/",
		"GIT_REFLOG_ACTION":                "victim",
		"GIT_TRACE":                        filepath.Join(dir, "trace"),
		"GIT_CONFIG_COUNT":                 "1",
		"GIT_CONFIG_KEY_0":                 "core.worktree",
		"GIT_CONFIG_VALUE_0":               dir,
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// snapshot returns mode and checksum of everything below dir.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if all[path] = d.Type().String(); d.Type().IsRegular() {
			b, err := os.ReadFile(path)
			all[path] = fmt.Sprintf("%x", sha256.Sum256(b))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
