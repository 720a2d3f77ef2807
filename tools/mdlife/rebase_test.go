// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rebaseMail is a patch that changes one line of a.c.
const rebaseMail = `From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: Ann Author <ann@localhost>
Date: Wed, 4 Mar 2026 05:06:07 +0000
Subject: [PATCH] fake: change a line

Why.
---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,4 +1,4 @@
 one
-two
+TWO
 three
 four
`

// TestRebaseCommand runs the command in a repository and a cache of its own, in
// which the series is for version 1 and the newest source is version 2.
func TestRebaseCommand(t *testing.T) {
	for _, tc := range []struct {
		name, newest string
		code         int
		want         []string
	}{
		{"merge", "one\ntwo\nthree\nfour!\nfive\n", exitOK, []string{"merged     0001-a.patch\n", "1 of 1 patches changed"}},
		{"conflict", "one\n2\nthree\nfour\nfive\n", exitFailed, []string{"0001-a.patch conflicts:\n  a.c: ", "+<<<<<<<", "then: mdlife rebase -base mainline -continue\n"}},
		{"nothing", "one\ntwo\nthree\nfour\n5\n", exitOK, []string{"applies to linux-source-9.9_2 already"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			src := "cache/mdlife/src/"
			writeAll(t, dir, map[string]string{
				"go.mod": "module mdlife\n", "patches/mainline/series": "0001-a.patch\n", "patches/mainline/0001-a.patch": rebaseMail,
				src + "mainline.newest":          "linux-source-9.9_2",
				src + "linux-source-9.9_1/a.c":   "one\ntwo\nthree\nfour\nfive\n",
				src + "linux-source-9.9_2/a.c":   tc.newest,
				src + "linux-source-6.1_6.1/a.c": "none of this\n",
			})
			t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
			t.Chdir(dir)
			code, out, errs := runCLI(t, "rebase -base mainline")
			if code != tc.code || strings.Contains(errs, "mdlife:") {
				t.Errorf("exit %d, stderr %q", code, errs)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in %q", want, out)
				}
			}
			text, err := os.ReadFile("patches/mainline/0001-a.patch")
			if (string(text) != rebaseMail) != (tc.name == "merge") || err != nil {
				t.Errorf("the patch is now %q (%v)", text, err)
			}
		})
	}
}
