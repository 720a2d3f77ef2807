// SPDX-License-Identifier: BSD-3-Clause

// Package ci counts what the steps of a CI run have found: it reads the junit.xml files that
// the steps left, the steps' exit codes, and the list of what may be skipped.
package ci

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// notFetched is mdlife's exit code where the archive does not give the source of a base that
// moves: such a step counts as skipped.
const notFetched = 3

// Case is one test case of a step's junit.xml.
type Case struct {
	Suite   string // "mdlife/kernel", a package, or "mdlife.6.1", a verdict
	Name    string
	Seconds float64
	Failed  bool
	Skipped bool
	Message string // why it failed or was skipped
}

// Suite is one package or command.
type Suite struct {
	Name    string
	Seconds float64
}

// Step is a command of the CI run and what it left.
type Step struct {
	Name   string
	Exit   int
	Took   time.Duration
	Cases  []Case
	Suites []Suite
	Files  int      // junit.xml files found
	Broken []string // files that cannot be read
}

// Read returns the steps of the run in dir, which has a file "steps", one step a line with
// name, exit code and seconds, and for each step a folder of its name with the junit.xml files
// that it left.
func Read(dir string) ([]Step, error) {
	data, err := os.ReadFile(filepath.Join(dir, "steps"))
	if err != nil {
		return nil, err
	}
	var steps []Step
	for line := range strings.Lines(string(data)) {
		var s Step
		var seconds int
		if _, err := fmt.Sscanf(line, "%s %d %d\n", &s.Name, &s.Exit, &seconds); err != nil {
			return nil, fmt.Errorf("%s/steps: %q: want a name, an exit code and seconds", dir, line)
		}
		s.Took = time.Duration(seconds) * time.Second
		if err := s.readFiles(filepath.Join(dir, s.Name)); err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// readFiles reads all junit.xml files below dir, which need not exist. A file that is no JUnit
// XML, because its step was cut short, is remembered as broken.
func (s *Step) readFiles(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != "junit.xml" {
			return err
		}
		s.Files++
		if err := s.readFile(path); err != nil {
			s.Broken = append(s.Broken, fmt.Sprintf("%s: %v", path, err))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readFile adds what one file holds.
func (s *Step) readFile(path string) error {
	all, err := parse(path)
	if err != nil {
		return err
	}
	for _, suite := range all.Suites {
		s.Suites = append(s.Suites, Suite{Name: suite.Name, Seconds: seconds(suite.Time)})
		for _, c := range suite.Testcases {
			s.Cases = append(s.Cases, newCase(suite.Name, c))
		}
	}
	return nil
}

func newCase(suite string, c junit.Testcase) Case {
	out := Case{Suite: suite, Name: c.Name, Seconds: seconds(c.Time), Failed: c.Failure != nil || c.Error != nil, Skipped: c.Skipped != nil}
	for _, r := range []*junit.Result{c.Failure, c.Error, c.Skipped} {
		if r != nil {
			out.Message = r.Message
			break
		}
	}
	return out
}

// seconds is an attribute's number, 0 where there is none.
func seconds(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// Skips are the names of tests and steps that may be skipped, with the reasons.
type Skips map[string]string

// ReadSkips reads a list of skips: a name and a reason a line, "#" begins a comment.
func ReadSkips(path string) (Skips, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	skips := Skips{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, why, _ := strings.Cut(line, " ")
		if why = strings.TrimSpace(why); why == "" {
			return nil, fmt.Errorf("%s: %s may be skipped, but no reason is given", path, name)
		}
		skips[name] = why
	}
	return skips, nil
}

// isVerdict reports whether a test case is a result of a verdict, which is skipped where it
// does not apply to the kernel; package report says why in its own words.
func (c Case) isVerdict() bool { return strings.HasPrefix(c.Suite, "mdlife.") }

// hasFailure reports whether any of the cases failed.
func (s Step) hasFailure() bool {
	return slices.ContainsFunc(s.Cases, func(c Case) bool { return c.Failed })
}
