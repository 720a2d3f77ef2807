// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"path/filepath"
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
)

// TestByHand makes an edited copy of a built tree: what is not edited is not
// compiled again, and the tree itself does not see it.
func TestByHand(t *testing.T) {
	req := fakeRequest(t, nil)
	if _, err := CopyBuilt(t.Context(), req, t.TempDir()); err == nil {
		t.Error("copied a tree that nothing was built in")
	}
	build(t, req)
	dir := t.TempDir()
	hand, err := CopyBuilt(t.Context(), req, dir)
	if err != nil {
		t.Fatal(err)
	}
	faketree.Write(t, hand.Src, map[string]string{"b.c": "by hand\n"})
	if err := hand.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := faketree.Read(t, dir, "make.log"); !strings.Contains(log, "b.o") || strings.Contains(log, "a.o") {
		t.Errorf("make printed %q", log)
	}
	if image := faketree.Read(t, hand.Src, "obj/arch/x86/boot/bzImage"); !strings.Contains(image, "by hand") {
		t.Errorf("made %q", image)
	}
	if again := build(t, req); !again.Cached || faketree.Read(t, filepath.Join(req.CacheDir, "work", "fake-base", "src"), "b.c") != "b\n" {
		t.Error("the built tree has the edit")
	}
	faketree.Write(t, hand.Src, map[string]string{"b.c": "ERROR\n"})
	if err := hand.Make(t.Context()); err == nil || !strings.Contains(err.Error(), "'x' undeclared") {
		t.Errorf("compiled an error: %v", err)
	}
}
