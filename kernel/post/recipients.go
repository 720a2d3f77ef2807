// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"context"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"mdlife/internal/proc"
)

// recipients are who gets a mail.
type recipients struct{ to, cc []mail.Address }

// address gives each mail its recipients, and the cover letter those of all, which it returns.
func (req Request) address(ctx context.Context, mails, scratch string) (to, cc []mail.Address, err error) {
	files, err := mailFiles(mails)
	if err != nil {
		return nil, nil, err
	}
	phase := req.Progress.Start("get_maintainer.pl")
	asked, err := req.ask(ctx, files[1:], scratch, phase.Step)
	phase.End(err)
	if err != nil {
		return nil, nil, err
	}
	var all recipients
	for _, r := range asked {
		all.add(r)
	}
	all = all.filled()
	for i, r := range append([]recipients{all}, asked...) {
		if err := r.filled().writeInto(files[i]); err != nil {
			return nil, nil, err
		}
	}
	return all.to, all.cc, nil
}

// ask asks the source's get_maintainer.pl about each mail.
func (req Request) ask(ctx context.Context, files []string, home string, step func(done, total int)) ([]recipients, error) {
	asked := make([]recipients, len(files))
	var done atomic.Int32
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, file := range files {
		group.Go(func() (err error) {
			asked[i], err = req.askOne(ctx, file, home)
			step(int(done.Add(1)), len(files))
			return err
		})
	}
	return asked, group.Wait()
}

// askOne asks about one mail. No history is asked, which the source has none of, nor the
// user's settings, which are in home.
func (req Request) askOne(ctx context.Context, file, home string) (recipients, error) {
	cmd := proc.Command("perl", filepath.Join("scripts", "get_maintainer.pl"),
		"--nogit", "--nogit-fallback", "--nofixes", "--rolestats", file)
	cmd.Dir, cmd.Env = req.Source, append(cmd.Env, "LC_ALL=C", "HOME="+home)
	out, err := proc.Output(ctx, cmd)
	if err != nil {
		return recipients{}, fmt.Errorf("%s in %s: %w", filepath.Base(file), req.Source, err)
	}
	r, err := readRecipients(string(out))
	if err != nil {
		err = fmt.Errorf("get_maintainer.pl of %s about %s: %w", req.Source, filepath.Base(file), err)
	}
	return r, err
}

var (
	// answer is a line of get_maintainer.pl's: who, and why, as "Ann <a@b> (maintainer:MD,reviewer:X)".
	answer = regexp.MustCompile(`^(.*<[^>]+>|\S+@\S+) \((.*)\)$`)
	// takesPatches are the roles of who applies patches.
	takesPatches = regexp.MustCompile(`(^|,)(maintainer|supporter|odd fixer):`)
)

// readRecipients reads what get_maintainer.pl --rolestats prints: To is who applies patches, Cc
// reviewers and lists.
func readRecipients(printed string) (recipients, error) {
	var r recipients
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		m := answer.FindStringSubmatch(line)
		if m == nil {
			return r, fmt.Errorf("%q is no address with a role", line)
		}
		who, err := mail.ParseAddress(m[1])
		if err != nil {
			return r, fmt.Errorf("%q: %w", line, err)
		}
		if takesPatches.MatchString(m[2]) {
			r.to = append(r.to, *who)
		} else {
			r.cc = append(r.cc, *who)
		}
	}
	if len(r.to)+len(r.cc) == 0 {
		return r, fmt.Errorf("it names nobody")
	}
	return r, nil
}

// filled is r with all in To where that has nobody.
func (r recipients) filled() recipients {
	if len(r.to) == 0 {
		return recipients{to: r.cc}
	}
	return r
}

// add adds those of other who are not there. Who is in To is not in Cc.
func (r *recipients) add(other recipients) {
	for _, who := range other.to {
		if !slices.Contains(r.to, who) {
			r.to = append(r.to, who)
		}
		r.cc = slices.DeleteFunc(r.cc, func(a mail.Address) bool { return a == who })
	}
	for _, who := range other.cc {
		if !slices.Contains(r.to, who) && !slices.Contains(r.cc, who) {
			r.cc = append(r.cc, who)
		}
	}
}

// writeInto adds To and Cc to the head of a mail.
func (r recipients) writeInto(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, body, ok := strings.Cut(string(text), "\n\n")
	if !ok {
		return fmt.Errorf("%s has no empty line after its head", file)
	}
	return os.WriteFile(file, []byte(head+headerLine("To", r.to)+headerLine("Cc", r.cc)+"\n\n"+body), 0o644)
}

// headerLine is a line of a mail's head, folded so that each address has a line of its own.
func headerLine(name string, who []mail.Address) string {
	var words []string
	for _, a := range who {
		words = append(words, encoded(a))
	}
	if len(words) == 0 {
		return ""
	}
	return "\n" + name + ": " + strings.Join(words, ",\n    ")
}

// plainName matches names that need no quotes.
var plainName = regexp.MustCompile("^[\\pL\\pM\\pN!#$%&'*+/=?^_`{|}~ -]+$")

// Shown is an address as people write it, with the name in quotes only where it must be.
func Shown(a mail.Address) string {
	switch {
	case a.Name == "":
		return a.Address
	case plainName.MatchString(a.Name):
		return a.Name + " <" + a.Address + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Name) + `" <` + a.Address + ">"
}

// encoded is an address as a mail's head wants it: [Shown], but ASCII.
func encoded(a mail.Address) string {
	if ascii(a.Name) {
		return Shown(a)
	}
	return a.String()
}
