// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
)

func TestReadCommand(t *testing.T) {
	const gcc = `gcc -Wp,-MMD,d/.a.o.d -DMODULE  -DKBUILD_BASENAME='"a"' -DKBUILD_MODNAME='"a_mod"' -DX='$(pound)$$' -c -o e/d/a.o ../e/d/a.c`
	dir := t.TempDir()
	faketree.Write(t, dir, map[string]string{
		"e/Makefile":          "obj-$(CONFIG_A) += a-mod.o # and a_mod\n",
		"e/d/Makefile":        "obj-y += other.o\n",
		"obj/e/d/.a.o.cmd":    "savedcmd_e/d/a.o := " + gcc + "  ; ./tools/objtool/objtool e/d/a.o\n\nsource_e/d/a.o := ../e/d/a.c\n",
		"obj/e/d/.b.o.cmd":    "cmd_e/d/b.o := gcc -DKBUILD_MODNAME='\"b\"' -c -o e/d/b.o ../e/d/b.c\n",
		"obj/e/d/.c.o.cmd":    "source_e/d/c.o := ../e/d/c.c\n",
		"obj/e/d/.lost.o.cmd": "cmd_e/d/lost.o := gcc -DMODULE -DKBUILD_MODNAME='\"lost\"'\n",
	})
	for object, want := range map[string]command{
		"e/d/a.o": {Compile: strings.Replace(gcc, "$(pound)$$", "#$", 1), Module: "e/a-mod"},
		"e/d/b.o": {Compile: `gcc -DKBUILD_MODNAME='"b"' -c -o e/d/b.o ../e/d/b.c`},
		"e/d/x.o": {},
	} {
		if got, err := readCommand(dir+"/obj", object); err != nil || got.Compile != want.Compile || got.Module != want.Module {
			t.Errorf("%s: %+v, %v", object, got, err)
		}
	}
	for _, object := range []string{"e/d/c.o", "e/d/lost.o"} {
		if _, err := readCommand(dir+"/obj", object); err == nil {
			t.Errorf("no error for %s", object)
		}
	}
}

// TestKbuildFilesCount: commands are asked for anew where a patch changes what Kbuild reads.
func TestKbuildFilesCount(t *testing.T) {
	plain := kbuild(series.State{"drivers/md/md.c": []byte("x")})
	one, two := kbuild(series.State{"drivers/md/Kconfig": []byte("x")}), kbuild(series.State{"drivers/md/Kconfig": []byte("y")})
	if plain != "source" || one == plain || one == two {
		t.Error(plain, one, two)
	}
}
