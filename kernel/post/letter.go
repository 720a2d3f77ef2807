// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// letterFile is a part's cover letter, without what is made from the patches.
const letterFile = "0000-cover-letter.txt"

// letter is a cover letter.
type letter struct {
	prefix   string // of all subjects: "PATCH", "PATCH 6.1"
	subject  string // without the brackets
	body     string
	changeID string // "" where the letter has none of its own
	end      string // what comes below the patches' titles and files
}

var (
	letterSubject  = regexp.MustCompile(`(?m)^Subject: \[(PATCH[^\]]*?) 0+/0*(\d+)\] (.+(?:\n[ \t].+)*)\n`)
	letterChangeID = regexp.MustCompile(`(?m)^change-id: (\S+)\n?`)
)

// readLetter reads the cover letter of a part with so many patches.
func readLetter(partDir string, patches int) (letter, error) {
	file := filepath.Join(partDir, letterFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return letter{}, fmt.Errorf("there is no %s: write the cover letter first, with a line Subject: [PATCH 00/%02d] …", file, patches)
	}
	if err != nil {
		return letter{}, err
	}
	at := letterSubject.FindSubmatchIndex(text)
	if at == nil {
		return letter{}, fmt.Errorf("%s has no line Subject: [PATCH 00/%02d] …", file, patches)
	}
	part := func(i int) string { return string(text[at[2*i]:at[2*i+1]]) }
	if counts, err := strconv.Atoi(part(2)); err != nil || counts != patches {
		return letter{}, fmt.Errorf("%s: the subject counts %s patches, and there are %d: adapt it", file, part(2), patches)
	}
	l := letter{prefix: part(1), subject: strings.Join(strings.Fields(part(3)), " ")}
	body := string(text[at[1]:])
	if id := letterChangeID.FindStringSubmatch(body); id != nil {
		l.changeID = id[1]
		body = letterChangeID.ReplaceAllString(body, "")
	}
	l.body = strings.TrimSpace(body)
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
