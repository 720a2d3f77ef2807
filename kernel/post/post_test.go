// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"context"
	"errors"
	"io"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mdlife/internal/proc"
	"mdlife/internal/proc/gittest"
	"mdlife/internal/usage"
	"mdlife/kernel/internal/faketree"
	"mdlife/kernel/series"
)

// sender is who posts in these tests. The name needs to be encoded in a mail's head.
var sender = mail.Address{Name: "Zoë Poster", Address: "zoe@poster.example"}

// asker is a get_maintainer.pl that wants to be called as the real one is, in a kernel tree
// and without the user's settings.
const asker = `die "not in a tree" unless -e "MAINTAINERS"; die "settings" if -e "$ENV{HOME}/.get_maintainer.conf";
my $f = pop @ARGV; die "@ARGV" unless "@ARGV" eq "--nogit --nogit-fallback --nofixes --rolestats";
open(F, $f) or die; my $text = join "", <F>;
print "Ann Ah <ann\@a.example> (maintainer:A (a, b),reviewer:B)\nBea <bea\@b.example> (reviewer:A)\n" if $text =~ /^\+\+\+ b\/a\.c/m;
print "\"Cy C. \" <cy\@c.example> (supporter:C)\n" if $text =~ /c\.c/;
print "list\@l.example (open list:A)\n";
`

// mailOf is a patch as git format-patch writes it.
func mailOf(author, date, subject, message, diff string) string {
	return "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: " + author + "\nDate: " + date +
		"\nSubject: [PATCH] " + subject + "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n" + message + "\n---\n\n" + diff
}

const (
	neutral = "Nobody <nobody@noreply.example>"
	newFile = "diff --git a/d/new.sh b/d/new.sh\nnew file mode 100755\nindex 0000000..b66cd64\n--- /dev/null\n+++ b/d/new.sh\n@@ -0,0 +1 @@\n+true\n"
	goneC   = "diff --git a/c.c b/c.c\ndeleted file mode 100644\nindex f2ad6c7..0000000\n--- a/c.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-c\n"
)

// letterText is the part's cover letter.
const letterText = `SPDX-License-Identifier: GPL-2.0-only

Subject: [PATCH 6.1 00/03] md: what these patches
 are for

It takes 3 µs, in $1 and \1.

Measured
--------
`

// seeded is a request for a small series on a small tree.
func seeded(t *testing.T) Request {
	t.Helper()
	part := t.TempDir()
	a := strings.SplitAfter(faketree.Diff("2", "a2", "A2"), "---\n")[1]
	faketree.Write(t, part, map[string]string{
		"series":                "# why\n0001-a.patch\n0002-b.patch\n0003-c.patch\n",
		"0000-cover-letter.txt": letterText,
		"0001-a.patch":          mailOf(neutral, "Wed, 4 Mar 2026 05:06:07 +0000", "md: change a line", "Why — so.\n\nFixes: 123456789012 (\"x\")", a),
		"0002-b.patch": mailOf("Otto Other <otto@other.example>", "Sun, 1 Mar 2026 23:06:07 -0400", "md: add a file", "Why.\n\nSigned-off-by: Otto Other <otto@other.example>",
			newFile),
		"0003-c.patch": mailOf(neutral, "Thu, 5 Mar 2026 05:06:07 +0000", "md: remove a file", "Why.", goneC),
	})
	tree := faketree.New(t, map[string]string{"MAINTAINERS": "", "scripts/get_maintainer.pl": asker,
		"Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 9\nEXTRAVERSION =\n", ".gitattributes": "*.c diff=cpp\n"})
	home := t.TempDir()
	faketree.Write(t, home, map[string]string{".get_maintainer.conf": "--nol", ".gitconfig": "[format]\n\tsignOff = true\n\tto = wrong@x.example\n"})
	t.Setenv("HOME", home)
	return Request{Source: tree, Base: "6.1", Part: series.Part{Name: "data", Dir: part}, To: filepath.Join(t.TempDir(), "out"), Sender: sender}
}

// read reads the mails that were written, by the name of their file.
func read(t *testing.T, dir string) map[string]*mail.Message {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	mails := map[string]*mail.Message{}
	for _, file := range files {
		_, text, _ := strings.Cut(faketree.Read(t, file), "\n") // the line of an mbox
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		mails[filepath.Base(file)] = m
	}
	return mails
}

// body is all of a mail below its head.
func body(t *testing.T, m *mail.Message) string {
	t.Helper()
	text, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// begins is how the sender begins in the head of mails: git and Go write the blank in two ways.
const begins = "=?utf-8?q?Zo=C3=AB"

func TestWrite(t *testing.T) {
	gittest.Victim(t)
	req := seeded(t)
	req.Measured = "A table."
	before := faketree.Snapshot(t, req.Source)
	done, err := Write(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if after := faketree.Snapshot(t, req.Source); len(after) != len(before) {
		t.Error("the source was written to")
	}
	mails := read(t, req.To)
	if len(mails) != 4 || done.Patches != 3 {
		t.Fatalf("%d mails, of %d patches", len(mails), done.Patches)
	}
	cover := mails[coverLetter]
	id := cover.Header.Get("Message-Id")
	if !strings.HasPrefix(id, "<") {
		t.Errorf("the cover letter's Message-Id is %q", id)
	}
	for name, want := range map[string]mail.Header{
		coverLetter: {"Subject": {"[PATCH 6.1 0/3] md: what these patches are for"}, "From": {begins}, "In-Reply-To": {""},
			"To": {`Ann Ah <ann@a.example>, "Cy C. " <cy@c.example>`}, "Cc": {"Bea <bea@b.example>, list@l.example"}, "Content-Type": {"text/plain; charset=UTF-8"}},
		"0001-md-change-a-line.patch": {"Subject": {"[PATCH 6.1 1/3] md: change a line"}, "From": {begins}, "In-Reply-To": {id}, "References": {id},
			"To": {"Ann Ah <ann@a.example>"}, "Cc": {"Bea <bea@b.example>, list@l.example"}},
		"0002-md-add-a-file.patch":    {"From": {begins}, "In-Reply-To": {id}, "To": {"list@l.example"}, "Cc": {""}},
		"0003-md-remove-a-file.patch": {"Subject": {"[PATCH 6.1 3/3] md: remove a file"}, "To": {`"Cy C. " <cy@c.example>`}, "Cc": {"list@l.example"}},
	} {
		m := mails[name]
		if m == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		for field, values := range want {
			got := m.Header.Get(field)
			if field == "From" && strings.HasPrefix(strings.ToLower(got), strings.ToLower(values[0])) {
				continue
			}
			if got != values[0] {
				t.Errorf("%s: %s is %q, want %q", name, field, got, values[0])
			}
		}
	}
	first, second := body(t, mails["0001-md-change-a-line.patch"]), body(t, mails["0002-md-add-a-file.patch"])
	if want := "Fixes: 123456789012 (\"x\")\nSigned-off-by: Zoë Poster <zoe@poster.example>\n---\n"; !strings.Contains(first, want) {
		t.Errorf("no %q in %q", want, first)
	}
	if strings.Contains(first+second, "noreply") {
		t.Error("the neutral author is still there")
	}
	if want := "Signed-off-by: Otto Other <otto@other.example>\nSigned-off-by: Zoë Poster <zoe@poster.example>\n---\n"; !strings.HasPrefix(second, "From: Otto Other <otto@other.example>\n\nWhy.\n\n"+want) {
		t.Errorf("a patch that is another's: %q", second)
	}
	text := body(t, cover)
	for _, want := range []string{"It takes 3 µs, in $1 and \\1.\n\nMeasured\n--------\n\nA table.\n\n", "Zoë Poster (2):\n", "Otto Other (1):\n  md: add a file\n",
		" 3 files changed, ", " delete mode 100644 c.c\n", "\nbase-commit: v6.1.9\nchange-id: 20260302-md-data-6.1-"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the cover letter:\n%s", want, text)
		}
	}
	if !strings.HasSuffix(text, "\nchange-id: "+done.ChangeID+"\n") || strings.Contains(text, "HERE") {
		t.Errorf("the cover letter is %q", text)
	}
}

// TestSameTree: git am of the mails, by hand, gives the files that the series gives.
func TestSameTree(t *testing.T) {
	req := seeded(t)
	done, err := Write(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	byMail, bySeries := t.TempDir(), t.TempDir()
	for _, dir := range []string{byMail, bySeries} {
		faketree.Run(t, "cp", "-a", req.Source+"/.", dir)
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "-A", "--force"}, {"commit", "--quiet", "-m", "m"}} {
		faketree.Git(t, byMail, args...)
	}
	all, err := filepath.Glob(filepath.Join(done.Dir, "*.patch"))
	if err != nil || len(all) != 4 {
		t.Fatalf("%v, %v", all, err)
	}
	faketree.Git(t, byMail, append([]string{"am", "--quiet", "--empty=drop"}, all...)...) // as docs/post.md has it
	if err := series.Apply(t.Context(), bySeries, req.Part.Dir, 0); err != nil {
		t.Fatal(err)
	}
	if out, err := proc.Combined(t.Context(), proc.Command("diff", "-r", "--exclude=.git", byMail, bySeries)); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if faketree.Read(t, byMail, "d/new.sh") == "" || faketree.Read(t, byMail, "c.c") != "" || !strings.Contains(faketree.Read(t, byMail, "a.c"), "A2") {
		t.Error("patches were left out")
	}
}

// TestTryFindsOtherFiles: mails that do not give what the series gives are not written.
func TestTryFindsOtherFiles(t *testing.T) {
	req := seeded(t)
	patches, err := series.Load(req.Part.Dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	staged, err := patches.Stage(t.Context(), req.Source)
	if err != nil {
		t.Fatal(err)
	}
	defer staged.Remove()
	r, mails := repo{dir: t.TempDir(), sender: sender}, t.TempDir()
	if err := r.begin(t.Context(), req.Source, staged.Touched, nil); err != nil {
		t.Fatal(err)
	}
	if err := req.format(t.Context(), r, mails, patches, "PATCH"); err != nil {
		t.Fatal(err)
	}
	if err := r.try(t.Context(), mails, staged); err != nil {
		t.Errorf("the same files: %v", err)
	}
	faketree.Write(t, staged.Dir, map[string]string{"c.c": "still there\n"})
	if err := r.try(t.Context(), mails, staged); err == nil || !strings.Contains(err.Error(), "other files by git am than the series does: c.c") {
		t.Errorf("another file: %v", err)
	}
}

// TestChangeID: each run has the same, another part has another, and a letter's own comes first.
func TestChangeID(t *testing.T) {
	req := seeded(t)
	ids := map[string]string{}
	write := func(run string) {
		req.To = filepath.Join(t.TempDir(), "out")
		done, err := Write(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		ids[run] = done.ChangeID
	}
	write("first")
	write("again")
	req.Part.Name = "opens"
	write("another part")
	faketree.Write(t, req.Part.Dir, map[string]string{"0000-cover-letter.txt": letterText + "\nchange-id: 20260101-mine-0123456789ab\n"})
	write("its own")
	if ids["first"] != ids["again"] || ids["first"] == ids["another part"] || ids["its own"] != "20260101-mine-0123456789ab" {
		t.Errorf("%v", ids)
	}
	if strings.Count(faketree.Read(t, req.To, coverLetter), "change-id: ") != 1 {
		t.Error("the letter's own change-id is there twice")
	}
}

func TestCommit(t *testing.T) {
	req := seeded(t)
	req.Commit = strings.Repeat("0123456789", 4)
	if _, err := Write(t.Context(), req); err != nil || !strings.Contains(faketree.Read(t, req.To, coverLetter), "\nbase-commit: "+req.Commit+"\n") {
		t.Errorf("%v: %s", err, faketree.Read(t, req.To, coverLetter))
	}
}

// TestRefusals: bad input is the user's mistake, or says where it is, and leaves nothing.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(req *Request)
		want  string
		usage bool
	}{
		"no sender":        {func(r *Request) { r.Sender = mail.Address{} }, "-signoff", true},
		"no address":       {func(r *Request) { r.Sender.Address = "zoe" }, "no mail address", true},
		"no directory":     {func(r *Request) { r.To = "" }, "-to: want a directory", true},
		"no folder":        {func(r *Request) { r.To = filepath.Join(r.To, "a") }, "there is no folder", true},
		"a file":           {func(r *Request) { r.To = filepath.Join(r.Source, "a.c") }, "it is no directory", true},
		"not empty":        {func(r *Request) { r.To = r.Source }, "it is not empty; choose a new directory", true},
		"part of a commit": {func(r *Request) { r.Commit = "v6.1" }, "-base-commit v6.1: want all 40 digits", true},
		"no letter": {func(r *Request) { os.Remove(filepath.Join(r.Part.Dir, series.LetterFile)) },
			"0000-cover-letter.txt: write the cover letter first", false},
		"no subject": {func(r *Request) {
			os.WriteFile(filepath.Join(r.Part.Dir, series.LetterFile), []byte("Dear all\n"), 0o644)
		},
			"has no line Subject: [PATCH 00/03]", false},
		"another count": {func(r *Request) {
			os.WriteFile(filepath.Join(r.Part.Dir, "series"), []byte("0001-a.patch\n"), 0o644)
		}, "counts 3 patches, and there are 1: adapt it", false},
		"does not apply": {func(r *Request) { os.WriteFile(filepath.Join(r.Source, "c.c"), []byte("C\n"), 0o644) },
			"patch 0003-c.patch does not apply: c.c hunk 1", false},
		"nobody to ask": {func(r *Request) { os.WriteFile(filepath.Join(r.Source, "scripts/get_maintainer.pl"), nil, 0o644) },
			"it names nobody", false},
		"an odd answer": {func(r *Request) {
			os.WriteFile(filepath.Join(r.Source, "scripts/get_maintainer.pl"), []byte(`print "hello\n"`), 0o644)
		}, `get_maintainer.pl of `, false},
		"no maintainers": {func(r *Request) { os.Remove(filepath.Join(r.Source, "MAINTAINERS")) }, "not in a tree", false},
		"no perl": {func(r *Request) {
			bin := r.Part.Dir
			git, _ := exec.LookPath("git")
			os.Symlink(git, filepath.Join(bin, "git"))
			t.Setenv("PATH", bin)
		}, "missing tools: apt-get install perl", false},
	} {
		t.Run(name, func(t *testing.T) {
			req := seeded(t)
			parent := filepath.Dir(req.To)
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			t.Setenv("PATH", os.Getenv("PATH"))
			tc.spoil(&req)
			_, err := Write(t.Context(), req)
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, usage.Err) != tc.usage {
				t.Errorf("%v; want %q", err, tc.want)
			}
			expectNothing(t, parent, tmp)
		})
	}
}

// expectNothing makes sure that directories are empty.
func expectNothing(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", dir, left, err)
		}
	}
}

// TestInterrupted: ^C while get_maintainer.pl is at work leaves nothing.
func TestInterrupted(t *testing.T) {
	req := seeded(t)
	tmp, began := t.TempDir(), filepath.Join(t.TempDir(), "began")
	t.Setenv("TMPDIR", tmp)
	t.Setenv("BEGAN", began)
	faketree.Write(t, req.Source, map[string]string{"scripts/get_maintainer.pl": `open(F, ">", $ENV{BEGAN}); close F; sleep 60;`})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(began); err == nil {
				return
			}
		}
	}()
	if _, err := Write(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(began); err != nil {
		t.Errorf("it was not at work: %v", err)
	}
	expectNothing(t, filepath.Dir(req.To), tmp)
}

// TestEmptyDirectory: an empty directory is taken, by another name as well.
func TestEmptyDirectory(t *testing.T) {
	req := seeded(t)
	dir := filepath.Join(t.TempDir(), "empty")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	req.To = filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, req.To); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), req); err != nil || len(read(t, dir)) != 4 {
		t.Errorf("%v", err)
	}
}
