// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mdlife/internal/proc"
	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
)

// needing is a request for a part that changes what the part of [seeded] has made, and that request.
func needing(t *testing.T) (req, needed Request) {
	t.Helper()
	needed = seeded(t)
	req = needed
	req.To = filepath.Join(t.TempDir(), "out")
	req.Part = series.Part{Name: "opens", Dir: t.TempDir(), Needs: []series.Part{needed.Part}}
	diff := strings.SplitAfter(faketree.Diff("2", "A2", "AA2"), "---\n")[1]
	faketree.Write(t, req.Part.Dir, map[string]string{
		"series":          "0001-a.patch\n",
		series.LetterFile: "Subject: [PATCH 6.1 00/01] md: more\n\nThis needs the series\n\"md: what these patches are for\".\n",
		"0001-a.patch":    mailOf(neutral, "Wed, 4 Mar 2026 05:06:07 +0000", "md: change it again", "Why.", diff),
	})
	return req, needed
}

// TestPrerequisites: the cover letter has the ids of the patches that the part needs, as git makes
// them of these patches' own mails, and the mails are of the part's own patches alone.
func TestPrerequisites(t *testing.T) {
	req, needed := needing(t)
	theirs, err := Write(t.Context(), needed)
	if err != nil || theirs.Prerequisites != nil {
		t.Fatalf("%v, %v", theirs.Prerequisites, err)
	}
	files, err := filepath.Glob(filepath.Join(theirs.Dir, "000[1-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		cmd := proc.ScratchGit(t.TempDir(), "patch-id", "--stable")
		cmd.Stdin = strings.NewReader(faketree.Read(t, file))
		out, err := proc.Output(t.Context(), cmd)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, strings.Fields(string(out))[0])
	}
	done, err := Write(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 3 || !slices.Equal(done.Prerequisites, want) {
		t.Errorf("prerequisites %q; the mails have %q", done.Prerequisites, want)
	}
	mails := read(t, req.To)
	if len(mails) != 2 || mails["0001-md-change-it-again.patch"] == nil {
		t.Errorf("%d mails: %v", len(mails), mails)
	}
	if end := "\nbase-commit: v6.1.9\nprerequisite-patch-id: " + strings.Join(want, "\nprerequisite-patch-id: ") + "\nchange-id: "; !strings.Contains(body(t, mails[coverLetter]), end) {
		t.Errorf("the cover letter has no %q", end)
	}
}

// TestSameTreeOnNeeds: git am of the needed part's mails and then of the part's own, by hand, gives the
// files that both parts give.
func TestSameTreeOnNeeds(t *testing.T) {
	req, needed := needing(t)
	tree := t.TempDir()
	faketree.Run(t, "cp", "-a", req.Source+"/.", tree)
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "-A", "--force"}, {"commit", "--quiet", "-m", "m"}} {
		faketree.Git(t, tree, args...)
	}
	for _, r := range []Request{needed, req} {
		done, err := Write(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(done.Dir, "000[1-9]*"))
		if err != nil {
			t.Fatal(err)
		}
		faketree.Git(t, tree, append([]string{"am", "--quiet"}, files...)...)
	}
	if text := faketree.Read(t, tree, "a.c"); !strings.Contains(text, "AA2") {
		t.Errorf("a.c is %q", text)
	}
}

// TestLetterMustNameNeeds: a part whose cover letter does not say what it needs is not written.
func TestLetterMustNameNeeds(t *testing.T) {
	req, _ := needing(t)
	faketree.Write(t, req.Part.Dir, map[string]string{series.LetterFile: "Subject: [PATCH 6.1 00/01] md: more\n\nThis needs data.\n"})
	if _, err := Write(t.Context(), req); err == nil || !strings.Contains(err.Error(), `does not say that this series needs "md: what these patches are for"`) {
		t.Errorf("%v", err)
	}
	expectNothing(t, filepath.Dir(req.To))
}
