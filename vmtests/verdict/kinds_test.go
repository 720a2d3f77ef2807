// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"slices"
	"testing"
)

// kindsSeen finds the kinds of results that no test has seen failing.
type kindsSeen struct {
	t      *testing.T
	kinds  []string
	broken map[string]bool
}

// newKindsSeen expects each of the passing results to be of a kind that its rule names:
// otherwise a new kind of result could come without a test that sees it fail.
func newKindsSeen(t *testing.T, rules []rule, passing []Result) *kindsSeen {
	s := &kindsSeen{t: t, broken: map[string]bool{}}
	for _, r := range rules {
		s.kinds = append(s.kinds, r.kinds...)
	}
	for _, r := range passing {
		if !r.OK {
			t.Errorf("%s is broken to begin with: %s", r.Name, r.Detail)
		}
		s.kind(r)
	}
	return s
}

// kind is the kind of a result.
func (s *kindsSeen) kind(r Result) string {
	i := slices.IndexFunc(s.kinds, r.is)
	if i < 0 {
		s.t.Errorf("%s is of no kind that a rule names: add it to the table of rules, and a case that sees it fail", r.Name)
		return ""
	}
	return s.kinds[i]
}

// failed notes that a result was seen failing.
func (s *kindsSeen) failed(r Result) { s.broken[s.kind(r)] = true }

// all expects every kind to have been seen failing.
func (s *kindsSeen) all() {
	for _, kind := range s.kinds {
		if !s.broken[kind] {
			s.t.Errorf("no case of this test sees the rule %q fail", kind)
		}
	}
}
