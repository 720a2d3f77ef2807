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
