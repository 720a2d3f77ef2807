// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"testing"

	"mdlife/internal/remember"
	"mdlife/kernel/internal/faketree"
)

// TestPrefixes builds and boots each prefix once, and again only what has changed.
func TestPrefixes(t *testing.T) {
	req := fakeRequest(t, nil)
	req.PatchDir = faketree.PatchDir(t, []string{"1.patch", "2.patch"}, map[string]string{
		"1.patch": faketree.Diff("2", "a2", "A2"), "2.patch": faketree.Diff("9", "a9", "A9")})
	boots := 0
	p := Prefixes{Request: req, From: 1, Memory: remember.Open(req.CacheDir), Booted: []string{"image"},
		Boot: func(context.Context, Result) error { boots++; return nil }}
	expect := func(what string, results, remembered, booted int) {
		t.Helper()
		boots = 0
		rs, err := p.Check(t.Context())
		known := 0
		for _, r := range rs {
			if !r.OK() {
				t.Errorf("%s: %+v", what, r)
			}
			if r.Remembered {
				known++
			}
		}
		if err != nil || len(rs) != results || known != remembered || boots != booted {
			t.Errorf("%s: %d results, %d remembered, %d booted, %v", what, len(rs), known, boots, err)
		}
	}
	expect("at first", 2, 0, 2)
	expect("again", 2, 2, 0)
	faketree.Write(t, req.PatchDir, map[string]string{"2.patch": faketree.Diff("9", "a9", "edited")})
	expect("another second patch", 2, 1, 1)
	p.Booted = []string{"another image"}
	expect("another image", 2, 0, 2)
	p.From = 0
	expect("the end", 1, 1, 0)
	rs, err := p.Check(t.Context())
	if err != nil || rs[0].Key == "" {
		t.Fatalf("%+v, %v", rs, err)
	}
	p.From, p.Memory, p.Record = 1, remember.Memory{}, []string{rs[0].Key}
	expect("one is recorded", 2, 1, 1)
}

func TestPrefixThatDoesNotBoot(t *testing.T) {
	req := fakeRequest(t, nil)
	req.PatchDir = faketree.PatchDir(t, []string{"1.patch", "2.patch"}, map[string]string{
		"1.patch": faketree.Diff("2", "a2", "A2"), "2.patch": faketree.Diff("9", "a9", "A9")})
	p := Prefixes{Request: req, From: 1, Memory: remember.Open(req.CacheDir),
		Boot: func(context.Context, Result) error { return errors.New("panic") }}
	for range 2 { // a failure is not remembered
		rs, err := p.Check(t.Context())
		if err != nil || len(rs) != 1 || rs[0].Detail != "panic" || rs[0].Remembered {
			t.Errorf("%+v, %v", rs, err)
		}
	}
}

// TestPrefixesOnGround: each prefix of a part has all patches of the part that it needs below it.
func TestPrefixesOnGround(t *testing.T) {
	req := fakeRequest(t, nil)
	req.PatchDir, req.Parts = t.TempDir(), []string{"late"}
	faketree.Write(t, req.PatchDir, map[string]string{"series": "early\nlate\n", "early/series": "1.patch\n", "late/series": "1.patch\n2.patch\n",
		"late/needs": "early\n", "early/1.patch": faketree.Diff("2", "a2", "A2"), "late/1.patch": faketree.Diff("2", "A2", "AA2"), "late/2.patch": faketree.Diff("2", "AA2", "AAA2")})
	p := Prefixes{Request: req, From: 1, Boot: func(context.Context, Result) error { return nil }}
	for from, want := range []string{"build and boot 2 of 2: late/2.patch;", "build and boot 1 of 2: late/1.patch;build and boot 2 of 2: late/2.patch;"} {
		p.From = from
		rs, err := p.Check(t.Context())
		got := ""
		for _, r := range rs {
			got += r.Name + r.Detail + ";"
		}
		if err != nil || got != want {
			t.Errorf("from %d: %s, %v; want %s", from, got, err, want)
		}
	}
	whole, err := Key(t.Context(), Request{Base: req.Base, CacheDir: req.CacheDir, Variant: VariantPatched, PatchDir: req.PatchDir})
	if err != nil {
		t.Fatal(err)
	}
	p.From = 0
	if rs, err := p.Check(t.Context()); err != nil || rs[0].Key != whole {
		t.Errorf("the end of late is %+v, %v, and not both parts, %s", rs, err, whole)
	}
}
