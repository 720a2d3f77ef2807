// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"strings"
	"testing"

	"mdlife/kernel/internal/faketree"
)

// needing writes a series of four parts: c needs b, d needs c and with it b, a needs nothing. Each
// has one patch that changes what the one before it in that chain has made.
func needing(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"series": "b\na\nc\nd\n", "c/needs": "# why\nb # and why\n", "d/needs": "c\n",
		"a/1.patch": strings.ReplaceAll(mail("four", "A", "a"), "md.c", "a.c")}
	for part, change := range map[string][2]string{"b": {"four", "B"}, "c": {"B", "C"}, "d": {"C", "D"}} {
		files[part+"/1.patch"] = mail(change[0], change[1], part)
	}
	for _, part := range []string{"a", "b", "c", "d"} {
		files[part+"/series"] = "1.patch\n"
		files[part+"/"+LetterFile] = "Subject: [PATCH 00/01] md: what " + part + " is for\n\nWhy.\n"
	}
	faketree.Write(t, dir, files)
	return dir
}

// TestNeeds: what a part needs comes with it and before it, and is not one of the chosen parts.
func TestNeeds(t *testing.T) {
	dir := needing(t)
	for names, want := range map[string]struct {
		patches, parts string
		ground         int
	}{
		"":    {"b/1.patch a/1.patch c/1.patch d/1.patch", "b a c d", 0},
		"a":   {"a/1.patch", "a", 0},
		"b":   {"b/1.patch", "b", 0},
		"c":   {"b/1.patch c/1.patch", "c", 1},
		"d":   {"b/1.patch c/1.patch d/1.patch", "d", 2},
		"d,b": {"b/1.patch c/1.patch d/1.patch", "b d", 0},
		"d,a": {"b/1.patch a/1.patch c/1.patch d/1.patch", "a d", 1},
	} {
		parts, err := Parts(dir, split(names)...)
		if got := strings.Join(namesOf(parts), " "); err != nil || got != want.parts {
			t.Errorf("-series %q: parts %s, %v; want %s", names, got, err, want.parts)
		}
		patches, err := Names(dir, split(names)...)
		if got := strings.Join(patches, " "); err != nil || got != want.patches {
			t.Errorf("-series %q: patches %s, %v; want %s", names, got, err, want.patches)
		}
		if ground, err := Ground(dir, split(names)...); err != nil || ground != want.ground {
			t.Errorf("-series %q: %d patches are only needed, %v; want %d", names, ground, err, want.ground)
		}
	}
	if parts, err := Parts(dir, "d"); err != nil || strings.Join(namesOf(parts[0].Needs), " ") != "b c" {
		t.Errorf("d needs %v, %v", parts[0].Needs, err)
	}
}

func TestBadNeeds(t *testing.T) {
	for text, want := range map[string]string{
		"c\n":         `a/needs:1: "c" is no part that comes before a in `, // it comes after it
		"b\n\nodd\n":  `a/needs:3: "odd" is no part that comes before a`,
		"a\n":         `a/needs:1: "a" is no part that comes before a`, // itself
		"b c\n":       `a/needs:1: "b c" is no part`,
		"# nothing\n": "a/needs names no part: remove it, and a applies alone",
	} {
		dir := needing(t)
		faketree.Write(t, dir, map[string]string{"a/needs": text})
		if _, err := Parts(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("needs %q: %v; want %q", text, err, want)
		}
	}
}

// TestCheckOnGround: a part is applied on the end of what it needs, and only its own patches are
// checked. One of these that does not apply is told of.
func TestCheckOnGround(t *testing.T) {
	source := t.TempDir()
	faketree.Write(t, source, map[string]string{"md.c": pristine, "a.c": pristine, "scripts/checkpatch.pl": ""})
	dir := needing(t)
	check := func(part string) (names, bad string) {
		t.Helper()
		c, err := Open(dir, source, part)
		if err != nil {
			t.Fatal(err)
		}
		applied, err := c.Apply(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		styled, err := c.Checkpatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range append(applied, styled...) {
			names += r.Name + ";"
		}
		return names, failed(applied)
	}
	if names, bad := check("d"); bad != "" || names != "apply d/1.patch;checkpatch d/1.patch;" {
		t.Errorf("d: %s, failed %q", names, bad)
	}
	faketree.Write(t, dir, map[string]string{"c/1.patch": mail("odd", "C", "c")})
	if names, bad := check("d"); bad != "apply c/1.patch" || names != "apply c/1.patch;checkpatch d/1.patch;" {
		t.Errorf("d after a c that does not apply: %s, failed %q", names, bad)
	}
}

// TestCheckLetter: the cover letter of a part that needs others has their titles.
func TestCheckLetter(t *testing.T) {
	dir := needing(t)
	expect := func(part, want string) {
		t.Helper()
		parts, err := Parts(dir, part)
		if err != nil {
			t.Fatal(err)
		}
		results, err := parts[0].CheckLetter()
		got := ""
		for _, r := range results {
			got += map[bool]string{true: "+", false: "-"}[r.OK()] + strings.TrimPrefix(r.Name, "cover letter of "+part+" names ")
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", part, got, err, want)
		}
	}
	expect("a", "")
	expect("d", "-b-c")
	faketree.Write(t, dir, map[string]string{"d/" + LetterFile: "Subject: [PATCH 00/01] md: d\n\nIt needs \"md: what\nb is for\" and c.\n"})
	expect("d", "+b-c")
	faketree.Write(t, dir, map[string]string{"d/" + LetterFile: "Subject: [PATCH 00/01] md: d\n\nIt needs \"md: what\nb is for\" and \"md: what c is for\".\n"})
	expect("d", "+b+c")
}

// TestGroundTests: what the needed parts claim holds before a part's first patch.
func TestGroundTests(t *testing.T) {
	dir := needing(t)
	faketree.Write(t, dir, map[string]string{"b/claims": "1 R8 R4\n", "c/claims": "0 R1\n1 R8\n", "d/claims": "1 R9\n", "a/claims": "1 R2\n"})
	parts, err := Parts(dir, "d")
	if err != nil {
		t.Fatal(err)
	}
	if tests, err := parts[0].GroundTests(); err != nil || strings.Join(tests, " ") != "R1 R4 R8" {
		t.Errorf("%v, %v", tests, err)
	}
}

// TestGroups: parts that need each other are one group, whichever of them is named.
func TestGroups(t *testing.T) {
	dir := needing(t)
	faketree.Write(t, dir, map[string]string{"series": "b\na\nc\nd\ne\nf\n", "e/series": "", "f/series": "", "f/needs": "e\n"})
	for names, want := range map[string]string{"": "a|b c d|e f", "a": "a", "b": "b c d", "d": "b c d", "c,a": "a|b c d", "e": "e f"} {
		groups, err := Groups(dir, split(names)...)
		var got []string
		for _, g := range groups {
			got = append(got, strings.Join(namesOf(g), " "))
		}
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%q: %q, %v; want %s", names, got, err, want)
		}
	}
}
