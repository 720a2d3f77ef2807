// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mdlife/internal/cachedir"
	"mdlife/kernel"
	"mdlife/kernel/post"
	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/report"
)

func newPost() *cobra.Command {
	var req post.Request
	var signoff string
	cmd := &cobra.Command{
		Use:   "post",
		Short: "Write one part of the series as signed-off mails, for git send-email or b4; send nothing",
		Long: `Write a directory of mails for one part of the base's series: its patches, from you and with your
sign-off, To and Cc as the kernel's scripts/get_maintainer.pl says, and a cover letter with the
patches' titles, the diffstat, base-commit, the patches that the part needs (prerequisite-patch-id),
change-id and the table of the newest comparison
(mdlife vmtest) of the base, if there is one. All mails are answers to the cover letter.
That git am makes the series' files of the mails is tried. Nothing is sent.
With your sign-off you certify the Developer's Certificate of Origin for each patch.`,
		Example: `  mdlife post -base mainline -series data -to data-v1 -signoff "Ann Author <ann@example.org>"
  mdlife post -base 6.1 -series raid6 -to raid6-v1 -signoff "Ann Author <ann@example.org>" -base-commit 0123456789abcdef0123456789abcdef01234567`,
		Args: noArgs,
	}
	t := addBase(cmd)
	cmd.Flags().StringVar(&t.series, "series", allParts, "part of the base's series to write: one")
	cmd.Flags().StringVar(&req.To, "to", "", "directory to write: a new or an empty one")
	cmd.Flags().StringVar(&signoff, "signoff", "", `who sends and signs off the patches: "Name <mail>"`)
	cmd.Flags().StringVar(&req.Commit, "base-commit", "", "commit to name as base-commit (default: the tag of the source's release, as v7.2.13)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if req.Sender, err = post.ParseSender(signoff); err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		if req.Part, err = onePart(o); err != nil {
			return err
		}
		req.Base, req.Progress = o.Base.Name, o.Progress
		if err := req.Check(); err != nil {
			return err
		}
		return runPost(cmd, o, req)
	}
	return cmd
}

// onePart is the part of the series that was asked for.
func onePart(o vmtests.Options) (series.Part, error) {
	parts, err := o.Parts()
	if err != nil {
		return series.Part{}, err
	}
	if len(parts) != 1 {
		var names []string
		for _, p := range parts {
			names = append(names, p.Name)
		}
		return series.Part{}, usagef("-series: one part is posted at a time; want one of %s", strings.Join(names, ", "))
	}
	return parts[0], nil
}

// runPost writes the mails and says what to do with them.
func runPost(cmd *cobra.Command, o vmtests.Options, req post.Request) error {
	cache, err := cachedir.Dir()
	if err != nil {
		return err
	}
	verdict, err := newestVerdict(o, req.Part.Dir)
	if err != nil {
		return err
	}
	req.Measured = verdict.letter
	if req.Source, err = kernel.SourceTree(cmd.Context(), kernel.Request{Base: o.Base, CacheDir: cache, Progress: o.Progress}); err != nil {
		return err
	}
	done, err := post.Write(cmd.Context(), req)
	if err != nil {
		return err
	}
	printPosting(cmd.OutOrStdout(), req, done, verdict.note)
	return nil
}

// measured is what the cover letter says of a comparison, and what the user is told of that.
type measured struct{ letter, note string }

// newestVerdict is what the newest comparison of the base has shown, if there is one of the
// series, and not of somebody's tree.
func newestVerdict(o vmtests.Options, partDir string) (measured, error) {
	dir := o.ComparisonResults()
	file, again := shown(filepath.Join(dir, report.OutcomeFile)), "mdlife vmtest -base "+o.Base.Name
	outcome, ok, err := report.ReadOutcome(dir)
	switch {
	case err != nil:
		return measured{}, err
	case !ok:
		return measured{note: fmt.Sprintf("none: there is no %s, so the cover letter has no table; %s makes it", file, again)}, nil
	case strings.Contains(outcome.Again, " -tree "):
		return measured{note: fmt.Sprintf("none: %s is of another tree than the series, so the cover letter has no table; %s makes one", file, again)}, nil
	}
	note := fmt.Sprintf("%s, of %s: %s", outcome.Verdict, outcome.Started.Format("2006-01-02 15:04"), file)
	newer, err := changedSince(partDir, outcome.Started)
	if err != nil {
		return measured{}, err
	}
	if newer != "" {
		note += fmt.Sprintf("; it is older than %s: %s makes a new one", shown(newer), again)
	}
	return measured{report.Letter(outcome), note}, nil
}

// changedSince returns a patch of a part that was written since then, "" if none was.
func changedSince(partDir string, then time.Time) (string, error) {
	names, err := series.Names(partDir)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		file := filepath.Join(partDir, name)
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		if info.ModTime().After(then) {
			return file, nil
		}
	}
	return "", nil
}

// printPosting says what was written, to whom it goes, and how it is sent.
func printPosting(w io.Writer, req post.Request, done post.Posting, verdict string) {
	patches := "patches"
	if done.Patches == 1 {
		patches = "patch"
	}
	fmt.Fprintf(w, "%s: a cover letter and %d %s of %s\n", done.Dir, done.Patches, patches, shown(req.Part.Dir))
	for _, line := range [][2]string{
		{"From", post.Shown(req.Sender)}, {"To", addresses(done.To)}, {"Cc", addresses(done.Cc)},
		{"base-commit", done.Commit}, {"change-id", done.ChangeID}, {"verdict", verdict},
	} {
		fmt.Fprintf(w, "  %-12s %s\n", line[0]+":", line[1])
	}
	for _, needed := range req.Part.Needs {
		fmt.Fprintf(w, "  %-12s %s, which is to be posted first\n", "needs:", shown(needed.Dir))
	}
	mails := "--from " + quoted(post.Shown(req.Sender)) + " " + quoted(filepath.Clean(req.To)) + "/*.patch"
	fmt.Fprintln(w, "By git am they give the files that the series gives. Nothing was sent. Read them; then, first as a trial:")
	fmt.Fprintf(w, "  git send-email --no-thread --to-cmd=true --dry-run %s\n", mails)
	fmt.Fprintf(w, "  git send-email --no-thread --to-cmd=true %s\n", mails)
}

// addresses lists addresses in a line.
func addresses(all []mail.Address) string {
	var words []string
	for _, a := range all {
		words = append(words, post.Shown(a))
	}
	return strings.Join(words, ", ")
}
