// SPDX-License-Identifier: BSD-3-Clause

// Package initramfs makes the guest's root file system: u-root's init, shell
// and usual commands, the project's guest programs, and Debian's mdadm and
// systemd-udevd with their rules.
//
// The image is put together from layers, each a cpio archive in the cache
// under a key that covers its content: a change in a guest program costs the
// linking of that program, and nothing changed costs less than a second. The
// kernel reads cpio archives one after the other from a single file. They are
// not compressed: unpacking costs an emulated CPU more than loading.
package initramfs

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mdlife/internal/progress"
)

// Config says what to build.
type Config struct {
	Root      string            // the repository's root, where go.mod is
	CacheDir  string            // of the whole project; see cachedir.Dir
	Userspace Userspace         // whose mdadm and systemd-udevd
	Volumes   bool              // with LVM's tools
	Progress  *progress.Tracker // may be nil
}

// Image is a built image.
type Image struct {
	Path     string // of the cpio archive
	Key      string // names the content
	Cached   bool   // nothing had to be built
	Contents Contents
}

// Contents says what an image has of Debian.
type Contents struct {
	Userspace   string // "trixie"
	Mdadm, Udev string // versions of these packages
}

// Build returns the image for the sources as they are, building what changed.
// It is safe for two runs at once: they share the work.
func Build(ctx context.Context, cfg Config) (Image, error) {
	root, err := filepath.Abs(cfg.Root)
	if err != nil {
		return Image{}, err
	}
	if err := CheckGo(ctx, root); err != nil {
		return Image{}, fmt.Errorf("initramfs: %w", err)
	}
	dir := filepath.Join(cfg.CacheDir, "initramfs")
	phase := cfg.Progress.Start("initramfs")
	from := func(what selection) *debianLayer {
		// The lists of packages are those that the release's kernel was found with.
		apt := filepath.Join(cfg.CacheDir, "debian", cfg.Userspace.Name)
		return &debianLayer{selection: what, release: cfg.Userspace, dir: dir, apt: apt, progress: cfg.Progress}
	}
	mdadm := from(client.with(cfg.Userspace.client))
	layers := []layer{
		baseLayer{},
		busyboxLayer{root},
		mdadm,
		&guestLayer{root: root, programs: guestPrograms, dir: filepath.Join(dir, "bin")},
	}
	if cfg.Volumes {
		layers = append(layers, from(volumes.with(cfg.Userspace.volumes)))
	}
	img, err := build(ctx, store{dir}, layers, phase.Step)
	phase.End(err)
	if err != nil {
		return Image{}, fmt.Errorf("initramfs: %w", err)
	}
	img.Contents = Contents{Userspace: cfg.Userspace.Name, Mdadm: mdadm.version("mdadm"), Udev: mdadm.version("udev")}
	return img, nil
}

// build makes the layers and joins them. step is told how many are done.
func build(ctx context.Context, s store, layers []layer, step func(done, total int)) (Image, error) {
	lock, err := s.lock(ctx)
	if err != nil {
		return Image{}, err
	}
	defer lock.Close()
	img := Image{Cached: true}
	var paths, keys []string
	for i, l := range layers {
		path, cached, err := s.layer(ctx, l)
		if err != nil {
			return Image{}, fmt.Errorf("%s: %w", l.name(), err)
		}
		img.Cached = img.Cached && cached
		paths, keys = append(paths, path), append(keys, filepath.Base(path))
		step(i+1, len(layers))
	}
	img.Key = hash(keys...)
	path, cached, err := s.get("image-"+img.Key+".cpio", func(f *os.File) error { return concat(f, paths) })
	if err != nil {
		return Image{}, err
	}
	img.Path, img.Cached = path, img.Cached && cached
	s.prune()
	return img, nil
}

// With returns the image with files more, which come from the host: path in the
// guest (without the leading slash) to path here. What depends on the kernel to
// boot, as its modules do, gets into a guest this way.
func (img Image) With(ctx context.Context, files map[string]string) (Image, error) {
	more, err := readHostFiles(files)
	if err != nil {
		return Image{}, fmt.Errorf("initramfs: %w", err)
	}
	s := store{filepath.Dir(img.Path)}
	lock, err := s.lock(ctx)
	if err != nil {
		return Image{}, err
	}
	defer lock.Close()
	path, cached, err := s.layer(ctx, more)
	if err != nil {
		return Image{}, fmt.Errorf("initramfs: %w", err)
	}
	key := hash(img.Key, filepath.Base(path))
	path, both, err := s.get("with-"+key+".cpio", func(f *os.File) error { return concat(f, []string{img.Path, path}) })
	if err != nil {
		return Image{}, fmt.Errorf("initramfs: %w", err)
	}
	s.prune()
	return Image{Path: path, Key: key, Cached: cached && both, Contents: img.Contents}, nil
}

// concat joins archives. Each must begin at a multiple of four bytes.
func concat(w io.Writer, paths []string) error {
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		n, err := io.Copy(w, f)
		f.Close()
		if err != nil {
			return err
		}
		if _, err := w.Write(make([]byte, -n&3)); err != nil {
			return err
		}
	}
	return nil
}
