// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/internal/usage"
	"mdlife/kernel/internal/faketree"
)

// inParts writes a series of parts: late comes before early in the file, and each has
// patches of the same names.
func inParts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	faketree.Write(t, dir, map[string]string{
		"series":      "# why\nlate\nearly # and why\nnone\n",
		"late/series": "1.patch\n2.patch\n", "late/1.patch": "l1", "late/2.patch": "l2",
		"early/series": "1.patch\n", "early/1.patch": "e1",
		"none/series": "# nothing yet\n",
		"other/notes": "a folder that no line names",
	})
	return dir
}

func TestParts(t *testing.T) {
	dir := inParts(t)
	for names, want := range map[string]string{
		"":                "late early none",
		"early":           "early",
		"none":            "none",
		"early,late":      "late early", // the file's order
		"late,late":       "late",
		"none,early,late": "late early none",
	} {
		parts, err := Parts(dir, split(names)...)
		var got []string
		for _, p := range parts {
			got = append(got, p.Name)
			if p.Dir != filepath.Join(dir, p.Name) {
				t.Errorf("%s is in %s", p.Name, p.Dir)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("parts %q: got %q, %v; want %s", names, got, err, want)
		}
	}
	flat := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": "x"})
	if parts, err := Parts(flat); err != nil || len(parts) != 1 || parts[0].Dir != flat || parts[0].Name != "" {
		t.Errorf("a series of patches: %v, %v", parts, err)
	}
}

// split is strings.Split, but nothing for nothing.
func split(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}

func TestUnknownParts(t *testing.T) {
	for dir, want := range map[string]string{
		inParts(t):                     `has no part "odd"; there are late, early, none`,
		faketree.PatchDir(t, nil, nil): `has no part "odd", nor any other`,
	} {
		if _, err := Parts(dir, "odd"); !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a mistake of the user's: %s", err, want)
		}
		if _, err := Load(dir, 0, "odd"); err == nil {
			t.Error("Load takes a part that is not there")
		}
	}
}

func TestPatchesOfParts(t *testing.T) {
	dir := inParts(t)
	for names, want := range map[string]string{
		"":           "late/1.patch=l1 late/2.patch=l2 early/1.patch=e1",
		"early,none": "early/1.patch=e1",
		"none":       "",
		"early,late": "late/1.patch=l1 late/2.patch=l2 early/1.patch=e1",
	} {
		patches, err := Load(dir, 0, split(names)...)
		var got []string
		for _, p := range patches {
			got = append(got, p.Name+"="+string(p.Text))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("parts %q: got %q, %v; want %s", names, got, err, want)
		}
	}
	if patches, err := Load(dir, 1, "early", "late"); err != nil || !slices.Equal(patches.Names(), []string{"late/1.patch"}) {
		t.Errorf("the first patch: %v, %v", patches.Names(), err)
	}
	if _, err := Load(dir, 2, "early"); err == nil || !strings.Contains(err.Error(), "early of "+dir+"/series has 1 patches, not 2") {
		t.Errorf("more than there are: %v", err)
	}
}

func TestBadParts(t *testing.T) {
	for text, want := range map[string]string{
		"part\nlost\n":       "series:2: stat",
		"part\n\nbare\n":     "series:3: bare is a folder without a series",
		"part\npart\n":       "series:2: part is there twice",
		"part\npart/\n":      "series:2: part/ is there twice",
		"x.patch\nx.patch\n": "series:2: x.patch is there twice",
		"../part\n":          "series:1: ../part lies outside",
		".\n":                "series:1: . lies outside",
		"part\nx.patch\n":    "series:2: x.patch: patches and parts in one series",
		"x.patch\npart\n":    "series:2: part: patches and parts in one series",
		"nested\n":           "nested/series:1: ../part lies outside",
		"deep\n":             "deep/series:1: in is a folder: a part of a series has no parts",
		"part another\n":     "series:1: \"part another\"",
	} {
		dir := t.TempDir()
		faketree.Write(t, dir, map[string]string{"series": text, "x.patch": "x", "part/series": "1.patch\n", "part/1.patch": "x",
			"bare/1.patch": "x", "nested/series": "../part\n", "deep/series": "in\n", "deep/in/series": ""})
		if _, err := Names(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("series %q: got %v, want %q", text, err, want)
		}
	}
}

// TestPartsTogether: a part that applies alone need not apply after the others.
func TestPartsTogether(t *testing.T) {
	source, dir := t.TempDir(), t.TempDir()
	faketree.Write(t, source, map[string]string{"md.c": pristine})
	faketree.Write(t, dir, map[string]string{"series": "one\ntwo\n", "one/series": "1.patch\n", "two/series": "2.patch\n",
		"one/1.patch": mail("four", "FOUR", "one"), "two/2.patch": mail("four", "vier", "two")})
	for names, want := range map[string]string{"one": "", "two": "", "one,two": "apply two/2.patch", "": "apply two/2.patch"} {
		c, err := Open(dir, source, split(names)...)
		if err != nil {
			t.Fatal(err)
		}
		if rs, err := c.Apply(t.Context()); err != nil || failed(rs) != want {
			t.Errorf("parts %q: %q failed, %v; want %q", names, failed(rs), err, want)
		}
	}
}

func TestMutantsOfParts(t *testing.T) {
	const mutant = "Subject: mutant: x\n\nRequirement: R1\nTests: R1\n\ndiff --git a/a.c b/a.c\n"
	dir := t.TempDir()
	files := map[string]string{"series": "one\ntwo\n", "one/series": "", "two/series": "",
		"one/mutants/01-a.patch": mutant, "two/mutants/01-b.patch": mutant}
	faketree.Write(t, dir, files)
	parts, err := Parts(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := MutantsOf(parts)
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" {
		t.Errorf("got %+v, %v, of %v", all, err, slices.Sorted(maps.Keys(files)))
	}
	faketree.Write(t, dir, map[string]string{"two/mutants/02-a.patch": mutant})
	if _, err := MutantsOf(parts); err == nil || !strings.Contains(err.Error(), "have one name") {
		t.Errorf("two mutants called a: %v", err)
	}
}
