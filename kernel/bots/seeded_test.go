// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/internal/cachedir"
	"mdlife/internal/remember"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// defects are the patches of testdata/seeded and the only check that may find anything in each,
// with a part of what it says.
var defects = map[string]struct{ check, says string }{
	"0001-": {"", ""},
	"0002-": {gccCheck, "might be a candidate for 'gnu_printf' format attribute"},
	"0003-": {clangCheck, "[-Wsometimes-uninitialized]"},
	"0004-": {sparseCheck, "different base types"},
	"0005-": {bits32Check, "__udivdi3"},
	"0006-": {moduleCheck, "num_to_str"},
	"0007-": {"kernel-doc", "'mddev' not described in 'linear_show_reshape'"},
	"0008-": {cocciCheck, "Unneeded semicolon"},
	"0009-": {spellCheck, "agressive ==> aggressive"},
	"0010-": {"checkpatch", "COMPARISON_TO_NULL"},
	"0011-": {"Fixes", "123456789abc is not verified"},
	"0012-": {"Fixes", "the subject of 3ea7daa5d7fd"},
	"0013-": {sparseCheck, "noderef"},
}

// TestSeeded: of a series with one defect a patch, each check finds its own and nothing else.
func TestSeeded(t *testing.T) {
	if err := Require(); err != nil {
		t.Skip(err)
	}
	cache, err := cachedir.Dir()
	if err != nil {
		t.Fatal(err)
	}
	base := kernel.Bases()[0]
	have, err := source.Cache{Dir: cache}.Versions(base.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if len(have) == 0 {
		t.Skipf("the source of %s is not in the cache: mdlife check fetches it", base.Name)
	}
	seeded, err := filepath.Abs("testdata/seeded") // checkpatch runs elsewhere
	if err != nil {
		t.Fatal(err)
	}
	c, err := series.Open(seeded, have[0].Dir)
	if err != nil {
		t.Fatal(err)
	}
	c.Memory = remember.Open(cache)
	found := map[string][]series.Result{}
	for _, check := range []func(context.Context) ([]series.Result, error){
		c.Apply, c.Checkpatch, c.Fixes, c.KernelDoc,
		func(ctx context.Context) ([]series.Result, error) {
			return Check(ctx, c, Options{CacheDir: cache})
		},
	} {
		results, err := check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.OK() {
				continue
			}
			at := strings.LastIndex(r.Name, " ") + 1
			found[r.Name[at:at+5]] = append(found[r.Name[at:at+5]], r)
		}
	}
	for _, name := range c.Patches.Names() {
		want, ok := defects[name[:5]]
		if !ok {
			t.Errorf("%s: what is its defect?", name)
		}
		if rs := found[name[:5]]; len(rs) > 1 || len(rs) == 0 != (want.check == "") ||
			len(rs) == 1 && (!strings.HasPrefix(rs[0].Name, want.check) || !strings.Contains(rs[0].Detail, want.says)) {
			t.Errorf("%s: %+v; want %q, of %q alone", name, rs, want.says, want.check)
		}
	}
	if len(c.Patches) != len(slices.Collect(maps.Keys(defects))) {
		t.Errorf("%d patches, %d defects", len(c.Patches), len(defects))
	}
}
