// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mdlife/internal/proc"
)

// ByHand is a copy of the tree in which a base was last built. Make runs in it as
// it does for a person at a shell, without anything of ours: a measure of the
// machine.
type ByHand struct {
	Src  string // the source tree; the objects are in its directory obj
	jobs int
}

// CopyBuilt copies the source and object tree of a variant that [Build] has made
// into dir.
func CopyBuilt(ctx context.Context, req Request, dir string) (ByHand, error) {
	req, err := req.withDefaults()
	if err != nil {
		return ByHand{}, err
	}
	s, err := openSlot(ctx, req.CacheDir, fileName(req.Base.Name)+"-"+string(req.Variant), req.Progress)
	if err != nil {
		return ByHand{}, err
	}
	defer s.close()
	if s.state.Built == "" {
		return ByHand{}, fmt.Errorf("%s holds no finished build: build %s first", s.dir, req.Variant)
	}
	b := ByHand{Src: filepath.Join(dir, "src"), jobs: req.Jobs}
	cmd := proc.Command("cp", "-a", "--reflink=auto", s.src(), b.Src) // with the times that make goes by
	if _, err := proc.Output(ctx, cmd); err != nil {
		return ByHand{}, err
	}
	return b, relocate(filepath.Join(b.Src, "obj/tools"), s.src(), b.Src)
}

// Make builds what an edit has made out of date.
func (b ByHand) Make(ctx context.Context) error {
	log := filepath.Join(filepath.Dir(b.Src), "make.log")
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := proc.Command("make", "O=obj", fmt.Sprintf("-j%d", b.jobs), "bzImage", "modules")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = b.Src, MakeEnv(cmd.Env), out, out
	if err := proc.Run(ctx, cmd); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("make in %s: %w\n%s", b.Src, err, offending(text))
	}
	return nil
}
