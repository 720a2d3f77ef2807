// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/checksum"
	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/source"
)

func TestBuildOffersRebase(t *testing.T) {
	const offer = "mdlife rebase -base fake"
	patches := faketree.PatchDir(t, []string{"1.patch"}, map[string]string{"1.patch": faketree.Diff("2", "a2", "A2")})
	broken := fakeRequest(t, map[string]string{"a.c": "other\n"})
	broken.Variant, broken.PatchDir = VariantPatched, patches
	mutant := fakeRequest(t, nil)
	mutant.Variant, mutant.PatchDir, mutant.Extra = VariantPatched, patches, filepath.Join(t.TempDir(), "mutant.patch")
	faketree.Write(t, filepath.Dir(mutant.Extra), map[string]string{"mutant.patch": faketree.Diff("2", "a2", "A2")}) // twice
	for name, tc := range map[string]struct {
		req    Request
		offers bool
	}{"series": {broken, true}, "mutant": {mutant, false}, "tarball": {fromTarball(t, broken), false}} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(t.Context(), tc.req)
			if err == nil || !strings.Contains(err.Error(), "does not apply") || strings.Contains(err.Error(), offer) != tc.offers {
				t.Errorf("%v", err)
			}
		})
	}
}

// fromTarball is req with the same source from a tarball.
func fromTarball(t *testing.T, req Request) Request {
	t.Helper()
	src, err := SourceTree(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	tarball := filepath.Join(t.TempDir(), "linux.tar")
	faketree.Run(t, "tar", "-cf", tarball, "-C", filepath.Dir(src), filepath.Base(src))
	sum, err := checksum.File(tarball)
	if err != nil {
		t.Fatal(err)
	}
	req.Base = Base{Origin: source.Origin{Name: "fake", Tarball: tarball, SHA256: sum}}
	return req
}

// TestKeyOfParts: what is built is the chosen parts' patches, one after the other, whatever files
// they are in.
func TestKeyOfParts(t *testing.T) {
	text := map[string]string{"one/1.patch": faketree.Diff("2", "a2", "A2"), "two/2.patch": faketree.Diff("9", "a9", "A9")}
	flat := faketree.PatchDir(t, []string{"one/1.patch", "two/2.patch"}, text)
	inParts := faketree.PatchDir(t, []string{"one", "two"}, text)
	faketree.Write(t, inParts, map[string]string{"one/series": "1.patch\n", "two/series": "2.patch\n"})
	req := fakeRequest(t, nil)
	req.Variant = VariantPatched
	key := func(dir string, upto int, parts ...string) string {
		t.Helper()
		req.PatchDir, req.Upto, req.Parts = dir, upto, parts
		key, err := Key(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for name, same := range map[string]bool{
		"all":           key(inParts, 0) == key(flat, 0),
		"both":          key(inParts, 0, "two", "one") == key(flat, 0),
		"the first":     key(inParts, 0, "one") == key(flat, 1),
		"the first one": key(inParts, 1) == key(flat, 1),
		"alone":         key(filepath.Join(inParts, "two"), 0) == key(inParts, 0, "two"),
		"only the last": key(inParts, 0, "two") != key(flat, 0) && key(inParts, 0, "two") != key(flat, 1),
	} {
		if !same {
			t.Errorf("%s: another kernel", name)
		}
	}
}
