// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"mdlife/kernel/series"
)

// partsRepository makes a repository and a cache in which mainline's series has the parts a, b and
// c, and goes there. Each applies alone, but c not after a.
func partsRepository(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	const src = "cache/mdlife/src/"
	const text = "one\ntwo\nthree\nfour\nfive\n"
	files := map[string]string{"go.mod": "module mdlife\n", "patches/mainline/series": "a\nb\nc\n",
		src + "mainline.newest":        "linux-source-9.9_1",
		src + "linux-source-9.9_1/a.c": text, src + "linux-source-9.9_1/b.c": text,
		src + "linux-source-9.9_1/scripts/checkpatch.pl": "",
	}
	for part, file := range map[string]string{"a": "a.c", "b": "b.c", "c": "a.c"} {
		patch := "0001-" + part + ".patch"
		files["patches/mainline/"+part+"/series"] = patch + "\n"
		files["patches/mainline/"+part+"/"+patch] = strings.ReplaceAll(rebaseMail, "a.c", file)
	}
	writeAll(t, dir, files)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Chdir(dir)
}

// TestCheckOfParts: each part is checked alone, and the chosen ones one after the other.
func TestCheckOfParts(t *testing.T) {
	for flags, tc := range map[string]struct {
		code      int
		want, not string // words of the output; _ stands for a space
	}{
		"":              {exitFailed, "mainline/a_ mainline/b_ mainline/c_ mainline:_a,_b,_c apply_c/0001-c.patch", ""},
		" -series b,a":  {exitOK, "mainline/a_ mainline/b_ mainline:_a,_b_ checkpatch_b/0001-b.patch apply_b/0001-b.patch", "mainline/c_ 0001-c"},
		" -series c":    {exitOK, "mainline/c_ apply_c/0001-c.patch checkpatch_c/0001-c.patch", "mainline/a mainline/b mainline:"},
		" -series a,d":  {exitUsage, `has_no_part_"d";_there_are_a,_b,_c`, "mainline/a_"},
		" -series a,,b": {exitUsage, "-series:_want_a_name", "mainline/a_"},
	} {
		partsRepository(t)
		code, out, errs := runCLI(t, "check -base mainline"+flags)
		if code != tc.code {
			t.Errorf("check%s: exit %d: %s%s", flags, code, out, errs)
		}
		for _, want := range strings.Fields(tc.want) {
			if want = strings.ReplaceAll(want, "_", " "); !strings.Contains(out+errs, want) {
				t.Errorf("check%s: no %q in %s%s", flags, want, out, errs)
			}
		}
		for _, not := range strings.Fields(tc.not) {
			if not = strings.ReplaceAll(not, "_", " "); strings.Contains(out, not) {
				t.Errorf("check%s: %q in %s", flags, not, out)
			}
		}
	}
}

// TestRebaseOfParts: all parts are brought along, or those that are named.
func TestRebaseOfParts(t *testing.T) {
	const same = " applies to linux-source-9.9_1 already; nothing has changed.\n"
	for flags, want := range map[string]string{
		"":             "patches/mainline/a" + same + "patches/mainline/b" + same + "patches/mainline/c" + same,
		" -series c,b": "patches/mainline/b" + same + "patches/mainline/c" + same,
	} {
		partsRepository(t)
		if code, out, errs := runCLI(t, "rebase -base mainline"+flags); code != exitOK || out != want {
			t.Errorf("rebase%s: exit %d: %s%s", flags, code, out, errs)
		}
	}
}

// TestWalksOfParts: parts that claim nothing are passed over, and a patch's number is one of a
// single part.
func TestWalksOfParts(t *testing.T) {
	partsRepository(t)
	parts, err := series.Parts("patches/mainline")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := walksOf(parts, 1); !isUsage(err) {
		t.Errorf("nothing is claimed: %v", err)
	}
	writeAll(t, "patches/mainline", map[string]string{"b/claims": "1 R1\n"})
	walks, err := walksOf(parts, 1)
	if err != nil || len(walks) != 1 || walks[0].part.Name != "b" || walks[0].claims["R1"] != 1 {
		t.Errorf("b claims something: %+v, %v", walks, err)
	}
	if _, err := walksOf(parts, 2); !isUsage(err) {
		t.Errorf("from the second patch of one: %v", err)
	}
	writeAll(t, "patches/mainline", map[string]string{"a/claims": "1 R2\n"})
	if walks, err = walksOf(parts, 1); err != nil || len(walks) != 2 || walks[0].part.Name != "a" {
		t.Errorf("both claim something: %+v, %v", walks, err)
	}
	if _, err := walksOf(parts, 2); !isUsage(err) || !strings.Contains(err.Error(), "of which part?") {
		t.Errorf("from the second patch of two parts: %v", err)
	}
}

// needingRepository is [partsRepository] with [needingParts].
func needingRepository(t *testing.T) {
	t.Helper()
	partsRepository(t)
	needingParts(t)
}

// needingParts changes mainline's series: c needs b, whose line it changes again, and a is gone.
func needingParts(t *testing.T) {
	t.Helper()
	writeAll(t, "patches/mainline", map[string]string{"series": "b\nc\n", "c/needs": "b\n",
		"b/0000-cover-letter.txt": "Subject: [PATCH 00/01] fake: of b\n\nWhy.\n",
		"c/0000-cover-letter.txt": "Subject: [PATCH 00/01] fake: of c\n\nIt needs \"fake: of b\".\n",
		"c/0001-c.patch":          strings.NewReplacer("a.c", "b.c", "-two", "-TWO", "+TWO", "+2").Replace(rebaseMail),
	})
}

// TestCheckOfNeeds: a part that needs another is checked on the end of that, and its cover letter
// must say so.
func TestCheckOfNeeds(t *testing.T) {
	needingRepository(t)
	code, out, errs := runCLI(t, "check -base mainline -series c")
	for _, want := range []string{"atches/mainline/c after b", "apply c/0001-c.patch", "cover letter of c names b", "checkpatch c/0001-c.patch"} {
		if !strings.Contains(out, want) || code != exitOK {
			t.Errorf("exit %d, no %q: %s%s", code, want, out, errs)
		}
	}
	if strings.Contains(out, "apply b/") || strings.Contains(out, "checkpatch b/") {
		t.Errorf("b is checked, too: %s", out)
	}
	writeAll(t, "patches/mainline", map[string]string{"c/0000-cover-letter.txt": "Subject: [PATCH 00/01] fake: of c\n\nIt needs b.\n"})
	if code, out, _ := runCLI(t, "check -base mainline"); code != exitFailed || !strings.Contains(out, `does not say that this series needs "fake: of b"`) {
		t.Errorf("a cover letter without the title: exit %d: %s", code, out)
	}
}

// TestWalkOnNeeds: the tests of a part's prefixes are its own until there, and all of what it needs.
func TestWalkOnNeeds(t *testing.T) {
	needingRepository(t)
	writeAll(t, "patches/mainline", map[string]string{"b/claims": "1 R2 R1\n", "c/claims": "1 R3 R1\n"})
	parts, err := series.Parts("patches/mainline", "c")
	if err != nil {
		t.Fatal(err)
	}
	walks, err := walksOf(parts, 1)
	if err != nil || len(walks) != 1 {
		t.Fatalf("%+v, %v", walks, err)
	}
	if before, after := strings.Join(walks[0].tests(0), " "), strings.Join(walks[0].tests(1), " "); before != "R1 R2" || after != "R1 R2 R3" {
		t.Errorf("tests %s before c's patch, %s after it", before, after)
	}
}

// TestRebaseOfNeeds: parts that need each other are brought along as one, whichever is named.
func TestRebaseOfNeeds(t *testing.T) {
	const src = "cache/mdlife/src/"
	for _, flags := range []string{"", " -series b", " -series c"} {
		needingRepository(t)
		writeAll(t, ".", map[string]string{src + "mainline.newest": "linux-source-9.9_2", src + "linux-source-9.9_2/b.c": "zero\none\ntwo\nthree\nfour\nfive\n",
			src + "linux-source-9.9_2.manifest": "", src + "linux-source-9.9_2/scripts/checkpatch.pl": ""})
		code, out, errs := runCLI(t, "rebase -base mainline"+flags)
		if want := "merged     b/0001-b.patch\nmerged     c/0001-c.patch\npatches/mainline: b, c applies to linux-source-9.9_2 now; 2 of 2 patches changed.\n"; code != exitOK || out != want {
			t.Errorf("rebase%s: exit %d: %s%s", flags, code, out, errs)
		}
		if code, out, _ := runCLI(t, "check -base mainline"); code != exitOK {
			t.Errorf("after rebase%s: exit %d: %s", flags, code, out)
		}
	}
}
