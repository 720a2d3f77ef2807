// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"testing"

	"mdlife/kernel/series"
)

func TestMessageOf(t *testing.T) {
	p := series.Patch{Text: []byte("From 000 Mon Sep 17\nFrom: A Name <a@example.org>\nSubject: [PATCH] md: title\n\nA text.\n\nFixes: 123 (\"md: teh\")\nReported-by: Teh Name <b@example.org>\n---\n md.c | 1 +\n")}
	if got, want := messageOf(p), "\nSubject: [PATCH] md: title\n\nA text.\n\n\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
