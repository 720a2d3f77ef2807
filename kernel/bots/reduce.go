// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// function is a function of a C file in the kernel's style: its braces stand in the first column.
type function struct {
	name       string
	first, end int // the lines of { and }, from 1
	head       int // where its declaration begins
}

// functions finds the functions of a file.
func functions(lines []string) (all []function) {
	for i := 0; i < len(lines); i++ {
		if lines[i] != "{" {
			continue
		}
		end := slices.Index(lines[i:], "}")
		if end < 0 {
			return all
		}
		f := function{first: i + 1, end: i + end + 1, head: headOf(lines, i) + 1}
		if f.name = nameOf(lines[f.head-1 : i]); f.name != "" {
			all = append(all, f)
		}
		i += end
	}
	return all
}

// headOf is the index of the first line of the declaration that ends before line i.
func headOf(lines []string, i int) int {
	for i > 0 {
		line := strings.TrimSpace(lines[i-1])
		if line == "" || strings.HasPrefix(line, "#") || strings.HasSuffix(line, "*/") || strings.HasSuffix(line, ";") || strings.HasSuffix(line, "}") {
			break
		}
		i--
	}
	return i
}

// called matches what stands before the first bracket.
var called = regexp.MustCompile(`(\w+)\s*\(`)

// nameOf is the name of the function that these lines declare.
func nameOf(head []string) string {
	if m := called.FindStringSubmatch(strings.Join(head, " ")); m != nil {
		return m[1]
	}
	return ""
}

// reduce takes the bodies of the functions that a patch does not touch out of a file, as it is
// before the patch and after it. All lines keep their numbers.
func reduce(old, new string, f *gitdiff.File) (string, string) {
	oldLines, newLines := strings.Split(old, "\n"), strings.Split(new, "\n")
	oldFunctions, newFunctions := functions(oldLines), functions(newLines)
	var touched []string
	for _, t := range f.TextFragments {
		oldLine, newLine := int(t.OldPosition), int(t.NewPosition)
		for _, l := range t.Lines {
			if l.Op != gitdiff.OpContext {
				touched = append(touched, at(oldFunctions, oldLine), at(newFunctions, newLine))
			}
			if l.Op != gitdiff.OpAdd {
				oldLine++
			}
			if l.Op != gitdiff.OpDelete {
				newLine++
			}
		}
	}
	return without(oldLines, oldFunctions, touched), without(newLines, newFunctions, touched)
}

// at is the name of the function of which a line is a part, "" if of none.
func at(functions []function, line int) string {
	for _, f := range functions {
		if f.head <= line && line <= f.end {
			return f.name
		}
	}
	return ""
}

// without makes declarations of all functions but those that are named.
func without(lines []string, functions []function, kept []string) string {
	lines = slices.Clone(lines)
	for _, f := range functions {
		if slices.Contains(kept, f.name) {
			continue
		}
		for i := f.first - 1; i < f.end; i++ {
			lines[i] = ""
		}
		lines[f.first-1] = ";"
	}
	return strings.Join(lines, "\n")
}
