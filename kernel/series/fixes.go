// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"bytes"
	"context"
	_ "embed" // for the table of commits
	"fmt"
	"regexp"
	"strings"
)

//go:embed commits.txt
var commitTable string

// commits are the subjects of the commits that are known, by twelve digits. There is no history
// of Linux to ask where the checks run.
var commits = readCommits(commitTable)

// readCommits reads a table of commits.
func readCommits(table string) map[string]string {
	known := map[string]string{}
	for line := range strings.Lines(table) {
		hash, subject, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if ok && hash != "#" {
			known[hash] = subject
		}
	}
	return known
}

var (
	fixesLine = regexp.MustCompile(`(?mi)^Fixes:.*$`)
	wellFixed = regexp.MustCompile(`^Fixes: ([0-9a-f]{12}) \("(.*)"\)$`)
)

// Fixes checks the Fixes: lines of each patch that has some: they name commits of Linux, as the
// table commits.txt has them.
func (c Check) Fixes(context.Context) ([]Result, error) {
	var results []Result
	for _, p := range c.Own() {
		message, _, _ := bytes.Cut(p.Text, []byte("\n---\n"))
		lines := fixesLine.FindAllString(string(message), -1)
		if len(lines) == 0 {
			continue
		}
		r := Result{Name: "Fixes of " + p.Name}
		for _, line := range lines {
			if r.Detail = wrongFixes(line); r.Detail != "" {
				break
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// wrongFixes says what is wrong with a Fixes: line, "" if nothing is.
func wrongFixes(line string) string {
	m := wellFixed.FindStringSubmatch(line)
	if m == nil {
		return fmt.Sprintf(`%q is not of the form: Fixes: 123456789abc ("subject"), with twelve digits`, line)
	}
	switch subject, known := commits[m[1]]; {
	case !known:
		return fmt.Sprintf("%s is not verified: see it in Linux's own history, and add its line to kernel/series/commits.txt: git log -1 --abbrev=12 --format='%%h %%s' %s", m[1], m[1])
	case subject != m[2]:
		return fmt.Sprintf("the subject of %s is %q, and not %q", m[1], subject, m[2])
	}
	return ""
}
