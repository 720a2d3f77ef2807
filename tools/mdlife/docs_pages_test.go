// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"mdlife/vmtests"
)

// page is README.md or a page of docs/, taken apart.
type page struct {
	path    string // from the repository's root
	text    string
	fences  []fence
	spans   []string // inline code
	links   []string // where they lead
	anchors map[string]bool
}

// fence is a block of code.
type fence struct{ lang, text string }

// repository returns the repository's root.
func repository(t *testing.T) string {
	t.Helper()
	root, err := vmtests.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// loadPages reads README.md and all pages of docs/.
func loadPages(t *testing.T) (pages []page) {
	t.Helper()
	root := repository(t)
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d pages in docs/: %v", len(paths), err)
	}
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, parsePage(name, source))
	}
	return pages
}

// parsePage takes a page apart.
func parsePage(name string, source []byte) page {
	p := page{path: name, text: string(source), anchors: map[string]bool{}}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	doc := md.Parser().Parse(text.NewReader(source))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // its function never fails
		if entering {
			p.take(n, source)
		}
		return ast.WalkContinue, nil
	})
	return p
}

// take notes a part of a page that the tests look at.
func (p *page) take(n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.FencedCodeBlock:
		p.fences = append(p.fences, fence{lang: string(n.Language(source)), text: string(n.Lines().Value(source))})
	case *ast.CodeSpan:
		p.spans = append(p.spans, spanText(n, source))
	case *ast.Link:
		p.links = append(p.links, string(n.Destination))
	case *ast.Heading:
		if id, ok := n.AttributeString("id"); ok {
			p.anchors[string(id.([]byte))] = true
		}
	}
}

// spanText is inline code as one line.
func spanText(n *ast.CodeSpan, source []byte) string {
	var s strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			s.Write(t.Segment.Value(source))
		}
	}
	return strings.Join(strings.Fields(s.String()), " ")
}
