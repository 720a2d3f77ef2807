// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"testing"

	"mdlife/internal/proc/gittest"
)

// A git hook of a linked worktree has GIT_DIR and more set, and so has everything
// that it runs: none of it may lead to the caller's repository.

func TestApplySeriesInAGitHook(t *testing.T) {
	req := rebaseRequest(t, nil)
	gittest.Victim(t)
	applies(t, req, map[string]string{"new.h": "new\n"})
}

func TestRebaseInAGitHook(t *testing.T) {
	req := rebaseRequest(t, mergeable())
	gittest.Victim(t)
	if done, err := Rebase(t.Context(), req); err != nil || fates(done) != "merged, moved, as it was" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestConflictInAGitHook(t *testing.T) {
	req := rebaseRequest(t, conflicting())
	gittest.Victim(t)
	meetConflict(t, req)
}

func TestTreeInAGitHook(t *testing.T) {
	for name, dir := range map[string]string{
		"git": gitTree(t, map[string]string{"a.c": "a\n"}), "no git": fakeTree(t, map[string]string{"a.c": "a\n"}),
	} {
		t.Run(name, func(t *testing.T) {
			gittest.Victim(t)
			testTree(t, dir)
		})
	}
}
