// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// LetterFile is a part's cover letter, without what is made from the patches.
const LetterFile = "0000-cover-letter.txt"

// Letter is a part's cover letter.
type Letter struct {
	Prefix string // of all subjects: "PATCH", "PATCH 6.1"
	Title  string // the subject without the brackets
	Body   string // all below the subject
}

// letterSubject matches the line of the subject, which may be folded.
var letterSubject = regexp.MustCompile(`(?m)^Subject: \[(PATCH[^\]]*?) 0+/0*(\d+)\] (.+(?:\n[ \t].+)*)\n`)

// ReadLetter reads the cover letter of a part with so many patches.
func ReadLetter(partDir string, patches int) (Letter, error) {
	file := filepath.Join(partDir, LetterFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Letter{}, fmt.Errorf("there is no %s: write the cover letter first, with a line Subject: [PATCH 00/%02d] …", file, patches)
	}
	if err != nil {
		return Letter{}, err
	}
	at := letterSubject.FindSubmatchIndex(text)
	if at == nil {
		return Letter{}, fmt.Errorf("%s has no line Subject: [PATCH 00/%02d] …", file, patches)
	}
	group := func(i int) string { return string(text[at[2*i]:at[2*i+1]]) }
	if counts, err := strconv.Atoi(group(2)); err != nil || counts != patches {
		return Letter{}, fmt.Errorf("%s: the subject counts %s patches, and there are %d: adapt it", file, group(2), patches)
	}
	return Letter{Prefix: group(1), Title: strings.Join(strings.Fields(group(3)), " "), Body: string(text[at[1]:])}, nil
}

// letter is the part's cover letter.
func (p Part) letter() (Letter, error) {
	names, err := Names(p.Dir)
	if err != nil {
		return Letter{}, err
	}
	return ReadLetter(p.Dir, len(names))
}

// CheckLetter checks that the cover letter of a part that needs others has their cover letters'
// titles, by which readers of a list find them. There is no result for a part that needs none.
func (p Part) CheckLetter() ([]Result, error) {
	if len(p.Needs) == 0 {
		return nil, nil
	}
	letter, err := p.letter()
	if err != nil {
		return nil, err
	}
	said := strings.Join(strings.Fields(letter.Body), " ")
	var results []Result
	for _, needed := range p.Needs {
		r := Result{Name: "cover letter of " + p.Name + " names " + needed.Name}
		theirs, err := needed.letter()
		if err != nil {
			return nil, err
		}
		if !strings.Contains(said, theirs.Title) {
			r.Detail = fmt.Sprintf("%s does not say that this series needs %q: write that title there, as it is in %s",
				filepath.Join(p.Dir, LetterFile), theirs.Title, filepath.Join(needed.Dir, LetterFile))
		}
		results = append(results, r)
	}
	return results, nil
}
