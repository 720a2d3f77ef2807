// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"mdlife/internal/proc"
)

// candidates returns the sources that may take the series as it is: what From
// names, or all versions in the cache, the newest first.
func (req RebaseRequest) candidates(ctx context.Context) ([]source, error) {
	if info, err := os.Stat(req.From); req.From != "" && err == nil && info.IsDir() {
		tree, err := openTree(ctx, req.From)
		if err != nil {
			return nil, fmt.Errorf("-from: %w", err)
		}
		return []source{{id: tree.dir, dir: tree.dir}}, nil
	}
	cached, err := req.cached(ctx)
	if err != nil || req.From == "" {
		return cached, err
	}
	for _, src := range cached {
		if req.From == src.version || req.From == src.id {
			return []source{src}, nil
		}
	}
	return nil, usagef("-from %s: no kernel tree, and no version in the cache, which has: %s", req.From, ids(cached))
}

// cached lists the unpacked sources of the base's package, the newest version
// first.
func (req RebaseRequest) cached(ctx context.Context) ([]source, error) {
	dir := filepath.Join(req.CacheDir, "src")
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if ours, _ := filepath.Match(req.Base.Package+"_*", e.Name()); ours && e.IsDir() {
			names = append(names, e.Name())
		}
	}
	cmd := exec.Command("sort", "--version-sort", "--reverse") // orders as dpkg does
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	sorted, err := proc.Output(ctx, cmd)
	if err != nil {
		return nil, err
	}
	var all []source
	for _, id := range strings.Fields(string(sorted)) {
		_, version, _ := strings.Cut(id, "_")
		all = append(all, req.newSource(id, version))
	}
	return all, nil
}

// choose returns the first candidate that takes the series, and the files that
// the series touches. why is the error of the newest source.
func (req RebaseRequest) choose(ctx context.Context, patches series, candidates []source, why error) (source, []string, error) {
	for _, src := range candidates {
		st, err := patches.stage(ctx, src.dir)
		if err == nil {
			return src, st.touched, st.remove()
		}
		if !errors.As(err, new(applyError)) {
			return source{}, nil, err
		}
		if req.From != "" {
			return source{}, nil, fmt.Errorf("-from %s: %w", req.From, err)
		}
	}
	return source{}, nil, fmt.Errorf("%w; nor does the whole series apply to another source in the cache, which has: %s; "+
		"name the kernel tree or the version that it was made for: %s", why, ids(candidates), req.command("-from", "DIR|VERSION"))
}

// ids lists sources for messages.
func ids(sources []source) string {
	var names []string
	for _, src := range sources {
		names = append(names, src.id)
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
