// SPDX-License-Identifier: BSD-3-Clause

// Package scaffold writes the files of new tests: commented templates that run at once, and
// fail with "not written yet".
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var files embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.tmpl"))

// Kind is a kind of test.
type Kind struct {
	Name    string // "check", which names the template
	Example string // a good name
	folder  string // where its files are, from the repository's root
	ending  string // of its files
	name    *regexp.Regexp
	rule    string // that a name must keep to, in words
	next    string // what to do with a new file: a template
}

// Kinds are the kinds of tests that [New] can begin.
var Kinds = []Kind{
	{
		Name: "check", Example: "R8-foo", folder: "vmtests/guest/checks", ending: ".go",
		name: regexp.MustCompile(`^R[1-9][0-9]*(-[A-Za-z]+)+$`),
		rule: "the requirement, and words of letters, joined by dashes",
		next: `Run it:        mdlife run -tests {{.Name}}
               mdlife run -tests {{.Name}} -variant base   # does the unpatched kernel fail?
List it:       add {{.Name}} to vmtests/guest/checks/testdata/checks.txt
Requirement:   {{.Requirement}} must be in docs/requirements.md and vmtests/requirement/requirement.go
Prove it:      write a mutant that it kills, in patches/<base>/mutants
`,
	},
	{
		Name: "window", Example: "W19", folder: "vmtests/guest/windows/scripts", ending: ".txt",
		name: regexp.MustCompile(`^W[1-9][0-9]*[a-z]?$`),
		rule: "W, a number, and perhaps a letter for a variant of that window",
		next: `Run it:        mdlife windows -only {{.Name}}
Commands:      mdguest windows -help, in a guest (mdlife shell)
List it:       add a row with its title to docs/requirements.md: | {{.Name}} | not written yet | ... |
Requirement:   name it in vmtests/requirement/requirement.go if it shows one
`,
	},
	{
		Name: "case", Example: "stop-twice", folder: "vmtests/guest/arrays", ending: ".go",
		name: regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`),
		rule: "words of small letters, joined by dashes",
		next: `Run it:        mdlife arrays -only raid1/{{.Name}}
List it:       add its test cases to vmtests/guest/arrays/testdata/cases.txt, in the order in which
               the unit test of that package names them
`,
	},
}

// Errors that [Kind.New] wraps where the name is wrong.
var (
	ErrName  = errors.New("not a name")       // the kind does not take it
	ErrTaken = errors.New("is there already") // there is a file for it
)

// Check reports, as an error, that a name is not one of this kind.
func (k Kind) Check(name string) error {
	if k.name.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is %w of a %s: want %s, for example %s", name, ErrName, k.Name, k.rule, k.Example)
}

// values are what a template can use.
type values struct {
	Name        string // "R8-foo-bar"
	Requirement string // "R8", of a check
	Func        string // "r8FooBar"
}

// New begins a test in the repository at root. It returns the new file's path from there, and
// what to do next. A file that exists is never overwritten.
func (k Kind) New(root, name string) (path, next string, err error) {
	if err := k.Check(name); err != nil {
		return "", "", err
	}
	v := values{Name: name, Func: identifier(name)}
	v.Requirement, _, _ = strings.Cut(name, "-")
	path = filepath.Join(k.folder, name+k.ending)
	if err := k.write(filepath.Join(root, path), v); err != nil {
		return "", "", err
	}
	next, err = expand(template.Must(template.New("next").Parse(k.next)), v)
	return path, next, err
}

// write makes the file from the kind's template.
func (k Kind) write(path string, v values) error {
	text, err := expand(templates.Lookup(k.Name+".tmpl"), v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w: choose another name, or edit that file", path, ErrTaken)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func expand(t *template.Template, v values) (string, error) {
	var b bytes.Buffer
	err := t.Execute(&b, v)
	return b.String(), err
}

// identifier turns a name into an unexported name of Go: R8-foo-bar into r8FooBar.
func identifier(name string) string {
	var b strings.Builder
	for i, word := range strings.Split(name, "-") {
		if i == 0 {
			b.WriteString(strings.ToLower(word))
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
