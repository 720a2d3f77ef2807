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
