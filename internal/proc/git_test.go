// SPDX-License-Identifier: BSD-3-Clause

package proc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/internal/proc/gittest"
)

func TestScratchGitKeepsToItsDirectory(t *testing.T) {
	outer := t.TempDir()
	inner := filepath.Join(outer, "a", "b")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, outer, "init", "--quiet")
	if _, err := proc.Output(t.Context(), proc.ScratchGit(inner, "rev-parse", "--git-dir")); err == nil {
		t.Error("a repository above the directory was found")
	}
	gittest.Victim(t)
	git(t, inner, "init", "--quiet")
	if err := os.WriteFile(filepath.Join(inner, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, inner, "add", "-A")
	git(t, inner, "-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message", "m")
	if got := git(t, inner, "ls-files"); got != "f\n" {
		t.Errorf("the directory's own repository holds %q", got)
	}
}

func TestReadGitReadsItsDirectory(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "--quiet")
	gittest.Victim(t)
	out, err := proc.Output(t.Context(), proc.ReadGit(dir, "rev-parse", "--show-toplevel"))
	want, _ := filepath.EvalSymlinks(dir)
	if err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("got %q, %v, want %s", out, err, want)
	}
}

func TestCommandHidesTheCallersRepository(t *testing.T) {
	t.Setenv("GIT_SOMETHING_NEW", "x")
	t.Setenv("MDLIFE_KEPT", "x")
	cmd := proc.Command("true")
	for _, v := range cmd.Env {
		if strings.HasPrefix(v, "GIT_") {
			t.Errorf("the tool would see %s", v)
		}
	}
	if !strings.Contains(strings.Join(cmd.Env, "\n"), "MDLIFE_KEPT=x") {
		t.Error("the rest of the environment is lost")
	}
}

// git runs a command that must succeed in a directory of the test's.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := proc.Output(t.Context(), proc.ScratchGit(dir, args...))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
