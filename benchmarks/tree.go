// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mdlife/internal/cachedir"
	"mdlife/internal/proc"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests"
	"mdlife/vmtests/event"
)

// developersTree makes in dir what a developer would have: the base's source
// with the series on top.
func developersTree(ctx context.Context, o vmtests.Options, dir string) (string, error) {
	cache, err := cachedir.Dir()
	if err != nil {
		return "", err
	}
	src, err := kernel.SourceTree(ctx, kernel.Request{Base: o.Base, CacheDir: cache, Progress: o.Progress})
	if err != nil {
		return "", err
	}
	tree := filepath.Join(dir, "linux")
	phase := o.Progress.Start("copy a developer's tree")
	_, err = proc.Output(ctx, proc.Command("cp", "-a", "--reflink=auto", src, tree))
	if err == nil {
		err = series.Apply(ctx, tree, vmtests.PatchDir(o.Root, o.Base), 0)
	}
	phase.End(err)
	return tree, err
}

// warmUp builds everything that an edit of the tree does not touch.
func warmUp(ctx context.Context, o vmtests.Options) error {
	_, err := o.Build(ctx, event.Plan{})
	return err
}

// editMD changes one line of md.c so that its object changes too: a comment
// would do for make, but a compiler cache would see through it.
func editMD(tree string) error {
	f, err := os.OpenFile(filepath.Join(tree, "drivers/md/md.c"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, werr := fmt.Fprintf(f, "static const int md_edit_%d __attribute__((used));\n", time.Now().UnixNano())
	if cerr := f.Close(); werr == nil {
		werr = cerr
	}
	return werr
}

// byHand is a tree in which make runs by hand.
type byHand struct{ kernel.ByHand }

// newByHand copies into dir the tree in which the base was built.
func newByHand(ctx context.Context, o vmtests.Options, cache, dir string) (byHand, error) {
	phase := o.Progress.Start("copy a built tree")
	b, err := kernel.CopyBuilt(ctx, kernel.Request{Base: o.Base, CacheDir: cache, Progress: o.Progress}, dir)
	if err == nil {
		err = b.Make(ctx) // whatever is out of date without an edit
	}
	phase.End(err)
	return byHand{b}, err
}

// edit times make after an edit of md.c.
func (b byHand) edit(ctx context.Context) (time.Duration, error) {
	if err := editMD(b.Src); err != nil {
		return 0, err
	}
	started := time.Now()
	err := b.Make(ctx)
	return time.Since(started), err
}
