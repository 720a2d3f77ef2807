// SPDX-License-Identifier: BSD-3-Clause

package rebase

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"mdlife/internal/usage"
	"mdlife/kernel/series"
	"mdlife/kernel/source"
)

// candidates returns the sources that may take the series as it is: what From
// names, or all versions in the cache, the newest first.
func (req Request) candidates(ctx context.Context) ([]source.Source, error) {
	if info, err := os.Stat(req.From); req.From != "" && err == nil && info.IsDir() {
		tree, err := source.OpenTree(ctx, req.From)
		if err != nil {
			return nil, fmt.Errorf("-from: %w", err)
		}
		return []source.Source{{ID: tree.Dir, Dir: tree.Dir}}, nil
	}
	cached, err := req.Cache.Versions(req.Origin)
	if err != nil || req.From == "" {
		return cached, err
	}
	for _, src := range cached {
		if req.From == src.Version || req.From == src.ID {
			return []source.Source{src}, nil
		}
	}
	return nil, usage.Errorf("-from %s: no kernel tree, and no version in the cache, which has: %s", req.From, ids(cached))
}

// choose returns the first candidate that takes the series, and the files that
// the series touches. why is the error of the newest source.
func (req Request) choose(ctx context.Context, patches series.Series, candidates []source.Source, why error) (source.Source, []string, error) {
	for _, src := range candidates {
		st, err := patches.Stage(ctx, src.Dir)
		if err == nil {
			return src, st.Touched, st.Remove()
		}
		if !errors.As(err, new(series.ApplyError)) {
			return source.Source{}, nil, err
		}
		if req.From != "" {
			return source.Source{}, nil, fmt.Errorf("-from %s: %w", req.From, err)
		}
	}
	return source.Source{}, nil, fmt.Errorf("%w; nor does the whole series apply to another source in the cache, which has: %s; "+
		"name the kernel tree or the version that it was made for: %s", why, ids(candidates), req.command("-from", "DIR|VERSION"))
}

// ids lists sources for messages.
func ids(sources []source.Source) string {
	var names []string
	for _, src := range sources {
		names = append(names, src.ID)
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
