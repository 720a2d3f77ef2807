// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests/guest/arrays"
)

// What README.md may have: it is one screen, and is read in a terminal as well.
const (
	readmeLines   = 140
	readmeColumns = 100
)

func TestReadmeFits(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) > readmeLines {
		t.Errorf("README.md has %d lines, want at most %d: move something to docs/", len(lines), readmeLines)
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > readmeColumns {
			t.Errorf("README.md:%d has %d columns, want at most %d: %s", i+1, n, readmeColumns, line)
		}
	}
}

// TestDocsLinks follows every link within the repository, to the heading.
func TestDocsLinks(t *testing.T) {
	root, pages := repository(t), loadPages(t)
	for _, p := range pages {
		for _, link := range p.links {
			if strings.Contains(link, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(link, "#")
			target := p.path
			if file != "" {
				target = filepath.Join(filepath.Dir(p.path), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: link to %s: %v", p.path, link, err)
				continue
			}
			if to := pageAt(pages, target); anchor != "" && (to == nil || !to.anchors[anchor]) {
				t.Errorf("%s: link to %s: no such heading", p.path, link)
			}
		}
	}
}

// pageAt is the page of that path, or nil.
func pageAt(pages []page, path string) *page {
	for i := range pages {
		if pages[i].path == path {
			return &pages[i]
		}
	}
	return nil
}

// TestDocsAreReachable: a reader who starts with README.md finds every page.
func TestDocsAreReachable(t *testing.T) {
	pages := loadPages(t)
	found, queue := map[string]bool{"README.md": true}, []string{"README.md"}
	for len(queue) > 0 {
		p := pageAt(pages, queue[0])
		queue = queue[1:]
		for _, link := range p.links {
			file, _, _ := strings.Cut(link, "#")
			to := filepath.Join(filepath.Dir(p.path), file)
			if pageAt(pages, to) != nil && !found[to] {
				found[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, p := range pages {
		if !found[p.path] {
			t.Errorf("no link leads to %s", p.path)
		}
	}
}

// pathLike matches inline code that names a file or folder, or a test case of arrays.
var pathLike = regexp.MustCompile(`^[\w.<>*-]+(/[\w.<>*-]*)+$|^(Makefile|go\.mod|README\.md)$`)

// elsewhere begins paths that are not the repository's: results, the kernel's source, sysfs.
var elsewhere = regexp.MustCompile(`^(out|lib|drivers|md|modules)/`)

// TestDocsPaths: files, folders and test cases that the pages name exist.
func TestDocsPaths(t *testing.T) {
	root := repository(t)
	for _, p := range loadPages(t) {
		for _, span := range p.spans {
			test := strings.TrimPrefix(span, "array-") // as mdlife run calls it
			if pathLike.MatchString(span) && !elsewhere.MatchString(span) && arrays.Check(test) != nil {
				checkPath(t, p.path, root, span)
			}
		}
	}
}

// checkPath wants a file to exist: on every base, where its name has the word <base>, and
// of some part of the series, where it has <part>.
func checkPath(t *testing.T, where, root, path string) {
	t.Helper()
	names := map[string]bool{}
	for _, base := range kernel.Bases() {
		names[strings.NewReplacer("<base>", base.Name, "<part>", "*").Replace(path)] = true
	}
	for name := range names {
		if found, err := filepath.Glob(filepath.Join(root, name)); err != nil || len(found) == 0 {
			t.Errorf("%s: there is no %s", where, name)
		}
	}
}

// eachPart calls f with each part of each base's series, and how many patches it has.
func eachPart(t *testing.T, f func(base string, part series.Part, patches int)) {
	t.Helper()
	root := repository(t)
	for _, base := range kernel.Bases() {
		parts, err := series.Parts(filepath.Join(root, "patches", base.Name))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			names, err := series.Names(part.Dir)
			if err != nil {
				t.Fatal(err)
			}
			f(base.Name, part, len(names))
		}
	}
}

// TestReadmeCountsPatches: the table of the series' parts has each base's numbers, and "–" where a
// base has no such part.
func TestReadmeCountsPatches(t *testing.T) {
	readme := pageAt(loadPages(t), "README.md")
	rows := map[string]map[string]int{} // by the part's and the base's name
	eachPart(t, func(base string, part series.Part, patches int) {
		if rows[part.Name] == nil {
			rows[part.Name] = map[string]int{}
		}
		rows[part.Name][base] = patches
	})
	for part, patches := range rows {
		cells := ""
		for _, base := range kernel.Bases() {
			cell := "–"
			if n := patches[base.Name]; n > 0 {
				cell = fmt.Sprint(n)
			}
			cells += ` +\| ` + cell
		}
		if !regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(part) + "`" + cells + ` +\|`).MatchString(readme.text) {
			t.Errorf("README.md has no row of %s that matches %s", part, cells)
		}
	}
}

// TestCoverLettersCountPatches: each cover letter's subject has the number of its part's patches.
func TestCoverLettersCountPatches(t *testing.T) {
	of := regexp.MustCompile(`(?m)^Subject: \[PATCH.* 0+/0*(\d+)\]`)
	eachPart(t, func(base string, part series.Part, patches int) {
		letter, err := os.ReadFile(filepath.Join(part.Dir, "0000-cover-letter.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if m := of.FindStringSubmatch(string(letter)); m == nil || m[1] != fmt.Sprint(patches) {
			t.Errorf("%s/%s: the cover letter's subject is %q, and there are %d patches", base, part.Name, m, patches)
		}
	})
}
