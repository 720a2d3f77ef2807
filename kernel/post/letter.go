// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"fmt"
	"mime"
	"net/mail"
	"os"
	"regexp"
	"strings"

	"mdlife/kernel/series"
)

// letter is a cover letter.
type letter struct {
	prefix   string // of all subjects: "PATCH", "PATCH 6.1"
	subject  string // without the brackets
	body     string
	changeID string // "" where the letter has none of its own
	end      string // what comes below the patches' titles and files
}

var letterChangeID = regexp.MustCompile(`(?m)^change-id: (\S+)\n?`)

// readLetter reads the cover letter of a part with so many patches.
func readLetter(partDir string, patches int) (letter, error) {
	have, err := series.ReadLetter(partDir, patches)
	if err != nil {
		return letter{}, err
	}
	l := letter{prefix: have.Prefix, subject: have.Title, body: have.Body}
	if id := letterChangeID.FindStringSubmatch(l.body); id != nil {
		l.changeID = id[1]
		l.body = letterChangeID.ReplaceAllString(l.body, "")
	}
	l.body = strings.TrimSpace(l.body)
	return l, nil
}

// What git format-patch leaves to be written into a cover letter.
const (
	subjectHere = "*** SUBJECT HERE ***"
	blurbHere   = "*** BLURB HERE ***"
)

// fromLine matches the sender in a mail's head.
var fromLine = regexp.MustCompile(`(?m)^From: .*(?:\n[ \t].*)*$`)

// writeInto completes the cover letter that git format-patch has begun.
func (l letter) writeInto(file string, sender mail.Address) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(text), "\n\n")
	if !ok || !strings.Contains(head, subjectHere) || !strings.Contains(rest, blurbHere) {
		return fmt.Errorf("the cover letter that git format-patch has begun lacks %s or %s", subjectHere, blurbHere)
	}
	head = strings.Replace(head, subjectHere, mime.QEncoding.Encode("utf-8", l.subject), 1)
	head = fromLine.ReplaceAllLiteralString(head, "From: "+encoded(sender)) // git does not encode it here, as it does elsewhere
	rest = strings.Replace(rest, blurbHere, l.body, 1)
	rest = strings.TrimRight(rest, "\n") + "\n\n" + l.end
	if !ascii(rest) && !strings.Contains(head, "\nContent-Type:") {
		head += "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit"
	}
	return os.WriteFile(file, []byte(head+"\n\n"+rest), 0o644)
}

// ascii reports whether a mail with this text needs no charset.
func ascii(text string) bool {
	for _, c := range []byte(text) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
