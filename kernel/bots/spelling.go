// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"bytes"
	"context"
	_ "embed" // for the list of words
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"mdlife/internal/checksum"
	"mdlife/kernel/series"
)

// words are those that codespell takes for mistakes and that are none, one a line.
//
//go:embed words.txt
var words string

// spelling has codespell read a patch's message, and the lines that it adds as against those that it
// removes.
func (k *checker) spelling(ctx context.Context, p series.Patch, _, _ series.State) (found []warning, asked bool, err error) {
	files, err := p.Files()
	if err != nil {
		return nil, false, err
	}
	var said [3][]warning
	for i, text := range []struct{ what, text string }{
		{"message", messageOf(p)}, {"added lines", linesOf(files, gitdiff.OpAdd)}, {"added lines", linesOf(files, gitdiff.OpDelete)},
	} {
		var fresh bool
		if said[i], fresh, err = k.spelled(ctx, text.what, text.text); err != nil {
			return nil, asked, err
		}
		asked = asked || fresh
	}
	return append(said[0], onlyIn(said[1], said[2])...), asked, nil
}

var (
	// endOfMessage is the line between message and diff.
	endOfMessage = regexp.MustCompile(`(?m)^---\n`)
	// trailer matches lines with names or other commits' titles.
	trailer = regexp.MustCompile(`(?m)^(?:From|Date|MIME-Version|Content-[\w-]+|[A-Z][a-z]+(?:-[a-z]+)*-by|Fixes|Cc|Link|Closes|Message-Id): .*$`)
)

// messageOf is the message of a patch, its title included.
func messageOf(p series.Patch) string {
	text := p.Text
	if at := endOfMessage.FindIndex(text); at != nil {
		text = text[:at[0]]
	}
	if bytes.HasPrefix(text, []byte("From ")) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return trailer.ReplaceAllString(string(text), "")
}

// linesOf are the lines that a patch adds or removes. Their numbers are of no use.
func linesOf(files []*gitdiff.File, op gitdiff.LineOp) string {
	var b strings.Builder
	for _, f := range files {
		for _, t := range f.TextFragments {
			for _, l := range t.Lines {
				if l.Op == op {
					b.WriteString(l.Line)
				}
			}
		}
	}
	return b.String()
}

// spelled is what codespell says of a text, and whether it was asked.
func (k *checker) spelled(ctx context.Context, what, text string) (ws []warning, asked bool, err error) {
	parts := []string{"1", k.tools["codespell"], words, what, checksum.Bytes([]byte(text))}
	if kept, ok := k.memory.Recall("bots spelling", parts); ok && json.Unmarshal(kept, &ws) == nil {
		return ws, false, nil
	}
	dir, err := os.MkdirTemp(k.place.scratch, "spelling-")
	if err != nil {
		return nil, true, err
	}
	err = errors.Join(os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o644), os.WriteFile(filepath.Join(dir, "words"), []byte(words), 0o644))
	if err != nil {
		return nil, true, err
	}
	out, err := said(ctx, dir, "codespell", "--ignore-words", "words", "text")
	ws = spellingWarnings(out, what)
	if ctx.Err() != nil || err != nil && len(ws) == 0 {
		return nil, true, fmt.Errorf("codespell: %w: %s", err, lastLines(out))
	}
	kept, err := json.Marshal(ws)
	return ws, true, errors.Join(err, k.memory.Keep("bots spelling", parts, kept))
}

// misspelled matches what codespell says of a word.
var misspelled = regexp.MustCompile(`(?m)^(?:\./)?text:\d+: (.* ==> .*)$`)

// spellingWarnings reads what codespell has printed.
func spellingWarnings(out, what string) (ws []warning) {
	for _, m := range misspelled.FindAllStringSubmatch(out, -1) {
		ws = append(ws, warning{Text: what + ": " + m[1]})
	}
	return ws
}
