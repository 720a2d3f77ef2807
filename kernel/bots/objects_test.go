// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
)

// diff is a patch that changes one line of each file.
func diff(changes ...string) series.Patch {
	var b strings.Builder
	for _, c := range changes {
		file, lines, _ := strings.Cut(c, " ")
		old, new, _ := strings.Cut(lines, " > ")
		b.WriteString("diff --git a/" + file + " b/" + file + "\n--- a/" + file + "\n+++ b/" + file + "\n@@ -1 +1 @@\n-" + old + "\n+" + new + "\n")
	}
	return series.Patch{Name: "p", Text: []byte(b.String())}
}

// TestObjects: a C file gives its object, a header those that name what it declares, a part of
// another C file that one.
func TestObjects(t *testing.T) {
	c := series.Check{Source: t.TempDir()}
	files := map[string]string{
		"drivers/md/md.c":             "#include \"md.h\"\nint md_stop(void) { return 0; }\n",
		"drivers/md/raid1.c":          "#include \"md.h\"\n#include \"raid1-10.c\"\nint x = md_stop() + common;\n",
		"drivers/md/raid10.c":         "#include \"raid1-10.c\"\nint y;\n",
		"drivers/md/raid1-10.c":       "int common;\n",
		"drivers/md/md.h":             "int md_stop(void);\n",
		"include/linux/raid/md_p.h":   "#define MD_MINOR 1\n",
		"Documentation/admin/md.rst":  "text\n",
		"tools/testing/selftests/a.c": "int main;\n",
	}
	faketree.Write(t, c.Source, files)
	state := series.State{}
	for name, text := range files {
		state[name] = []byte(text)
	}
	for _, tc := range []struct{ change, want string }{
		{"drivers/md/md.c a > b", "drivers/md/md.o"},
		{"drivers/md/md.h int md_stop(void); > int md_stop(int);", "drivers/md/md.o drivers/md/raid1.o"},
		{"drivers/md/md.h /* a > /* b", "drivers/md/md.o"}, // for what is wrong in the header itself
		{"drivers/md/raid1-10.c int common; > long common;", "drivers/md/raid1.o"},
		{"drivers/md/raid1-10.c /* a > /* b", "drivers/md/raid1.o"},
		{"Documentation/admin/md.rst a > b", ""},
		{"tools/testing/selftests/a.c a > b", ""},
	} {
		p := diff(tc.change)
		k := &checker{Check: c}
		k.Patches = series.Series{p, diff("drivers/md/md.c a > b")}
		got, err := k.objects(p, state, state)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, %v; want %s", tc.change, got, err, tc.want)
		}
	}
}

func TestDeclared(t *testing.T) {
	for line, want := range map[string]string{
		"extern int md_stop(struct mddev *mddev, int mode);": "md_stop",
		"\tsector_t array_sectors;":                          "array_sectors",
		"#define MD_MINOR 1":                                 "MD_MINOR",
		"\tMD_BROKEN,":                                       "MD_BROKEN",
		"struct md_thing {":                                  "md_thing",
		"\tunsigned int has_bit:1;":                          "has_bit",
		"\tif (x) return;":                                   "",
	} {
		files, err := diff("a.h x > " + line).Files()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(declared(files[0]), " "); got != want {
			t.Errorf("%q: %s; want %s", line, got, want)
		}
	}
}
