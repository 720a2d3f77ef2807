// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"errors"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/usage"
	"mdlife/kernel/internal/faketree"
)

func TestParseSender(t *testing.T) {
	for text, want := range map[string]mail.Address{
		"Ann Author <ann@a.example>":         {Name: "Ann Author", Address: "ann@a.example"},
		"J. R. O'Neil <j@o.example>":         {Name: "J. R. O'Neil", Address: "j@o.example"},
		"  Zoë Poster <zoe@poster.example> ": {Name: "Zoë Poster", Address: "zoe@poster.example"},
		`"Author, Ann" <ann@a.example>`:      {Name: "Author, Ann", Address: "ann@a.example"},
	} {
		if got, err := ParseSender(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                            "-signoff: want",
		"  ":                          "-signoff: want",
		"Ann Author":                  "no mail address",
		"Ann Author <ann>":            "no mail address",
		"Ann Author <ann@>":           "no mail address",
		"Ann <a@a.example> Author":    "no mail address",
		"<ann@a.example>":             "has no name",
		"ann@a.example":               "has no name",
		`"A <x@y>" <ann@a.example>`:   "no <, > or line break",
		"A <a@a.example>, B <b@b.ex>": "no mail address",
		"=?utf-8?q?A=0AB?= <a@b.ex>":  "no <, > or line break",
	} {
		if _, err := ParseSender(text); !errors.Is(err, usage.Err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

// TestRecipients: To is who applies patches, Cc is who reads them.
func TestRecipients(t *testing.T) {
	for printed, want := range map[string]string{
		"Ann Ah <a@a.ex> (maintainer:MD (x, y))\nl@l.ex (open list:MD (x, y))\nl2@l.ex (open list)\n": "To: Ann Ah <a@a.ex>\nCc: l@l.ex,\n    l2@l.ex",
		"A <a@a.ex> (reviewer:X,supporter:Y)\nB <b@b.ex> (reviewer:Y)\n":                              "To: A <a@a.ex>\nCc: B <b@b.ex>",
		"\"J. (x) D\" <j@d.ex> (odd fixer:X)\n":                                                       "To: \"J. (x) D\" <j@d.ex>",
		"l@l.ex (moderated list:X)\nm@l.ex (open list)\n":                                             "To: l@l.ex,\n    m@l.ex",
		"Zoë <z@z.ex> (maintainer:X)\n":                                                               "To: =?utf-8?q?Zo=C3=AB?= <z@z.ex>",
	} {
		r, err := readRecipients(printed)
		r = r.filled()
		if got := strings.TrimPrefix(headerLine("To", r.to)+headerLine("Cc", r.cc), "\n"); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", printed, got, err, want)
		}
	}
	for _, printed := range []string{"", "Ann <a@a.ex>\n", "nobody (maintainer:X)\n", "Bad file\n"} {
		if r, err := readRecipients(printed); err == nil {
			t.Errorf("%q: %+v", printed, r)
		}
	}
}

// TestRecipientsOfAll: the cover letter goes to everybody once.
func TestRecipientsOfAll(t *testing.T) {
	a, b, l := mail.Address{Address: "a@x.ex"}, mail.Address{Address: "b@x.ex"}, mail.Address{Address: "l@x.ex"}
	var all recipients
	all.add(recipients{to: []mail.Address{a}, cc: []mail.Address{b, l}})
	all.add(recipients{to: []mail.Address{b}, cc: []mail.Address{a, l}})
	if got := headerLine("To", all.to) + headerLine("Cc", all.cc); got != "\nTo: a@x.ex,\n    b@x.ex\nCc: l@x.ex" {
		t.Errorf("%q", got)
	}
}

// TestShown: people read the name, a mail's head has it in ASCII.
func TestShown(t *testing.T) {
	for a, want := range map[mail.Address][2]string{
		{Address: "l@l.ex"}:                     {"l@l.ex", "l@l.ex"},
		{Name: "Zoë O'Neil", Address: "z@z.ex"}: {"Zoë O'Neil <z@z.ex>", "=?utf-8?b?Wm/DqyBPJ05laWw=?= <z@z.ex>"},
		{Name: `J. "X" D`, Address: "j@d.ex"}:   {`"J. \"X\" D" <j@d.ex>`, `"J. \"X\" D" <j@d.ex>`},
	} {
		if got := [2]string{Shown(a), encoded(a)}; got != want {
			t.Errorf("%+v: %q, want %q", a, got, want)
		}
	}
}

// TestCharset: a letter that is not ASCII says in which charset it is, though its patches are, and
// another has no need to.
func TestCharset(t *testing.T) {
	for subject, body := range map[string]string{"plain": "It takes 3 us.", "größer": "It takes 3 us.", "figures": "It takes 3 µs."} {
		file := filepath.Join(t.TempDir(), coverLetter)
		faketree.Write(t, filepath.Dir(file), map[string]string{coverLetter: "From: A\n <a@a.ex>\nSubject: [PATCH 0/1] " + subjectHere + "\n\n" + blurbHere + "\n\nAnn (1):\n  x\n\n"})
		if err := (letter{subject: subject, body: body, end: "end\n"}).writeInto(file, mail.Address{Name: "Ann", Address: "ann@a.ex"}); err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(faketree.Read(t, file), "\n\n")
		if !ascii(head) || strings.Contains(head, "charset=UTF-8") == ascii(body) || !strings.HasPrefix(head, "From: Ann <ann@a.ex>\nSubject: ") {
			t.Errorf("%s: the head is %q", subject, head)
		}
		if want := body + "\n\nAnn (1):\n  x\n\nend\n"; rest != want {
			t.Errorf("%s: %q, want %q", subject, rest, want)
		}
	}
}
