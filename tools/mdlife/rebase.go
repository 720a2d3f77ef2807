// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mdlife/internal/cachedir"
	"mdlife/kernel/rebase"
	"mdlife/kernel/series"
	"mdlife/vmtests"
)

func newRebase() *cobra.Command {
	var req rebase.Request
	var goOn bool
	cmd := &cobra.Command{
		Use:   "rebase",
		Short: "Bring the series to the newest source by three-way merge, and show conflicts",
		Long: `For a base whose source Debian has replaced, so that the series no longer applies: merge each
part of the series with the changes between the source that it applies to and the newest one, and
write the changed patches to patches/<base>. Parts that need each other are merged as one. If there is a conflict, this part's patches and those
of the parts after it stay untouched: resolve it in the repository that is named then, with
"git rebase --continue" until the end, take over the result with mdlife rebase -continue, and run
mdlife rebase again for the other parts.`,
		Example: `  mdlife rebase -base mainline
  mdlife rebase -base mainline -from 7.2.13-1              # the version that the series was made for
  mdlife rebase -base mainline -series raid6 -continue     # after git rebase --continue`,
		Args: noArgs,
	}
	t := addBase(cmd)
	addSeries(cmd, t)
	f := cmd.Flags()
	f.StringVar(&req.From, "from", "", "the source that the series applies to: a kernel tree, or a version in the cache (default: sought there)")
	f.StringVar(&req.Work, "work", "", "directory for the repository if there are conflicts (default: in the cache)")
	f.BoolVar(&goOn, "continue", false, "take over your resolution of the conflicts")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if goOn && req.From != "" {
			return usagef("-from and -continue: the rebase has its source already")
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if req.Cache.Dir, err = cachedir.Dir(); err != nil {
			return err
		}
		patchDir := vmtests.PatchDir(o.Root, o.Base)
		groups, err := series.Groups(patchDir, o.Series...)
		if err != nil {
			return err
		}
		if len(groups) > 1 && (goOn || req.Work != "") {
			return usagef("-continue and -work are for one part of the series; name it, as -series %s", groups[0][0].Name)
		}
		req.Origin, req.Cache.Progress = o.Base.Origin, o.Progress
		return rebaseGroups(cmd, patchDir, groups, req, goOn)
	}
	return cmd
}

// rebaseGroups brings one part after the other along, and those that need each other as one. It
// stops where a person is needed.
func rebaseGroups(cmd *cobra.Command, patchDir string, groups [][]series.Part, req rebase.Request, goOn bool) error {
	for _, group := range groups {
		req.PatchDir, req.Parts = group[0].Dir, nil
		if len(group) > 1 {
			req.PatchDir = patchDir
			for _, p := range group {
				req.Parts = append(req.Parts, p.Name)
			}
		}
		if err := runRebase(cmd, req, goOn); err != nil {
			return err
		}
	}
	return nil
}

// rebased names the series of a request.
func rebased(req rebase.Request) string {
	if len(req.Parts) > 0 {
		return shown(req.PatchDir) + ": " + strings.Join(req.Parts, ", ")
	}
	return shown(req.PatchDir)
}

// runRebase prints what became of each patch, or the conflict.
func runRebase(cmd *cobra.Command, req rebase.Request, goOn bool) error {
	run := rebase.Run
	if goOn {
		run = rebase.Continue
	}
	done, err := run(cmd.Context(), req)
	var conflict *rebase.ConflictError
	if errors.As(err, &conflict) {
		printConflict(cmd.OutOrStdout(), conflict)
		return errVerdict
	}
	if err != nil {
		return err
	}
	printRebased(cmd.OutOrStdout(), done, req)
	return nil
}

// printConflict shows what is to be resolved, and how to go on.
func printConflict(w io.Writer, c *rebase.ConflictError) {
	fmt.Fprintf(w, "%s conflicts:\n", c.Patch)
	for _, file := range c.Files {
		fmt.Fprintf(w, "  %s\n", file)
	}
	fmt.Fprintf(w, "\n%s\n\n", c.Hunks)
	fmt.Fprintf(w, "These patches are untouched. Resolve this in %s, git add and git rebase --continue there until it ends, then: %s\n", c.Work, c.Next)
}

// printRebased prints a line for each patch, and a sum.
func printRebased(w io.Writer, done rebase.Result, req rebase.Request) {
	if done.Patches == nil {
		fmt.Fprintf(w, "%s applies to %s already; nothing has changed.\n", rebased(req), done.Onto)
		return
	}
	changed, gone := 0, 0
	for _, p := range done.Patches {
		fmt.Fprintf(w, "%-9s  %s\n", p.Fate, p.Name)
		if p.Fate != rebase.FateSame {
			changed++
		}
		if p.Fate == rebase.FateGone {
			gone++
		}
	}
	fmt.Fprintf(w, "%s applies to %s now; %d of %d patches changed.\n", rebased(req), done.Onto, changed, len(done.Patches))
	if gone > 0 {
		fmt.Fprintf(w, "What is gone was taken out; if there is a file claims beside it, that counts patches: adapt it.\n")
	}
}
