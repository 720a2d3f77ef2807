// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"cmp"
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"mdlife/initramfs"
	"mdlife/internal/cachedir"
	"mdlife/internal/checksum"
	"mdlife/kernel"
	"mdlife/vmtests/event"
)

// Artefact is a kernel that is ready to boot, with what identifies it.
type Artefact struct {
	kernel.Result
	Label     string // "unpatched", "patched", "debug", "your tree"
	Unpatched bool   // the base without the series, or with patches that leave its races
	Tree      string // the developer's tree it was built from, or ""
	Slow      int    // how many times slower than a plain kernel it runs
	SHA256    string // of its bzImage
}

// BzImage is the path of the kernel image.
func (a Artefact) BzImage() string { return filepath.Join(a.Dir, "bzImage") }

// Image adds to img the modules that are built for this kernel: md's, if it has any, and
// racepoint, if moments are forced.
func (a Artefact) Image(ctx context.Context, img initramfs.Image, forced bool) (initramfs.Image, error) {
	files := map[string]string{}
	modules, err := a.Modules()
	if err != nil {
		return img, err
	}
	for _, path := range modules {
		dir := event.NeededModuleDir
		if filepath.Base(filepath.Dir(path)) == "md" {
			dir = event.ModuleDir
		}
		files["usr"+dir+"/"+filepath.Base(path)] = path
	}
	if forced {
		files["usr"+event.Racepoint] = filepath.Join(a.Dir, kernel.Racepoint)
	}
	if len(files) == 0 {
		return img, nil
	}
	return img.With(ctx, files)
}

// Artefacts is everything that a comparison boots.
type Artefacts struct {
	Unpatched, Patched Artefact
	Image              initramfs.Image
}

// Build makes both kernels and the initramfs for a plan, or finds them in the cache. The
// patched kernel comes second, since it reuses the unpatched one's objects; the
// initramfs is made meanwhile.
func (o Options) Build(ctx context.Context, plan event.Plan) (Artefacts, error) {
	var all Artefacts
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		all.Image, err = o.BuildImage(ctx, plan)
		return err
	})
	g.Go(func() (err error) {
		if all.Unpatched, err = o.BuildKernel(ctx, kernel.VariantBase); err != nil {
			return err
		}
		all.Patched, err = o.BuildKernel(ctx, o.patchedVariant())
		return err
	})
	return all, g.Wait()
}

// patchedVariant is the variant in the patched column.
func (o Options) patchedVariant() kernel.Variant {
	if o.Debug {
		return kernel.VariantDebug
	}
	return kernel.VariantPatched
}

// BuildImage makes the initramfs for a plan, or finds it in the cache.
func (o Options) BuildImage(ctx context.Context, plan event.Plan) (initramfs.Image, error) {
	cache, err := cachedir.Dir()
	if err != nil {
		return initramfs.Image{}, err
	}
	cfg, err := o.imageConfig(plan, cache)
	if err != nil {
		return initramfs.Image{}, err
	}
	return initramfs.Build(ctx, cfg)
}

// imageConfig returns what goes into the image: besides what all plans need, programs that only
// some of them do, for example LVM.
func (o Options) imageConfig(plan event.Plan, cache string) (initramfs.Config, error) {
	userspace, err := initramfs.FindUserspace(o.userspace(plan))
	return initramfs.Config{Root: o.Root, CacheDir: cache, Userspace: userspace, Volumes: len(plan.Cells) > 0, Progress: o.Progress}, err
}

// userspace is the release of Debian whose mdadm and udevd carry out a plan.
func (o Options) userspace(plan event.Plan) string {
	if plan.Mdadm != nil || plan.Client != nil {
		return cmp.Or(o.Userspace, o.Base.LoopUserspace, o.Base.Userspace)
	}
	return cmp.Or(o.Userspace, o.Base.Userspace)
}

// BuildKernel makes one variant of the base or finds it in the cache. Where the
// options name a developer's tree, that tree is the patched variant.
func (o Options) BuildKernel(ctx context.Context, variant kernel.Variant) (Artefact, error) {
	cache, err := cachedir.Dir()
	if err != nil {
		return Artefact{}, err
	}
	a := Artefact{Label: label(variant), Unpatched: variant == kernel.VariantBase, Slow: variant.Slow()}
	req := kernel.Request{Base: o.Base, Variant: variant, CacheDir: cache, Progress: o.Progress}
	if variant != kernel.VariantBase {
		req.PatchDir, req.Parts = PatchDir(o.Root, o.Base), o.Series
		if o.Tree != "" {
			req.Tree, a.Tree, a.Label = o.Tree, o.Tree, "your tree"
		}
	}
	if a.Result, err = kernel.Build(ctx, req); err != nil {
		return Artefact{}, err
	}
	a.SHA256, err = checksum.File(a.BzImage())
	return a, err
}

// label is the heading of a variant's column.
func label(v kernel.Variant) string {
	if v == kernel.VariantBase {
		return "unpatched"
	}
	return string(v)
}
