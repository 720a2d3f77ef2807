// SPDX-License-Identifier: BSD-3-Clause

// Package source turns a Debian package or a tarball into a pristine kernel tree
// in the cache, describes trees by manifests, and looks at the trees that
// developers work in.
package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/internal/cachedir"
	"mdlife/internal/checksum"
	"mdlife/internal/proc"
	"mdlife/internal/progress"
	"mdlife/internal/usage"
	"mdlife/kernel/debian"
)

// ErrNotFetched says that the source of an origin that moves could not be had:
// nothing is wrong with the series or this machine's tools.
var ErrNotFetched = errors.New("the source of a moving base could not be fetched")

// room is what a source needs on disk, in MiB, with some reserve. Measured on
// 6.1: the package 133, its tarball 133 and the tree 1,500.
const room = 2000

// Origin says where a kernel source comes from: exactly one of a Debian package
// and a local tarball.
type Origin struct {
	// Name is what users call the base that has this source.
	Name string
	// Package is the Debian package with the source tarball below /usr/src,
	// and Suites are where to look for it; the newest version wins. A name that
	// ends in * stands for the package of the newest kernel with that prefix.
	Package string
	Suites  []string
	// Moving says that the archive replaces its version now and then.
	Moving bool
	// Tarball is a local .tar, .tar.gz or .tar.xz with one directory at its
	// top, and SHA256 its checksum in hexadecimal.
	Tarball string
	SHA256  string
}

// Cache keeps unpacked sources below its Dir's src/.
type Cache struct {
	Dir      string            // the cache directory
	Progress *progress.Tracker // may be nil
}

// Source is an unpacked source in the cache. It is never written to once it has
// its name.
type Source struct {
	ID      string // names the content, and the directory below src/
	Version string // for people: a Debian version or a checksum
	Dir     string
}

// Get returns the newest source of an origin, which it fetches and unpacks unless
// it is in the cache.
func (c Cache) Get(ctx context.Context, o Origin) (Source, error) {
	switch {
	case o.Package != "":
		return c.fromDebian(ctx, o)
	case o.Tarball != "":
		return c.fromTarball(ctx, o)
	}
	return Source{}, usage.Errorf("base %q names no Debian package or tarball", o.Name)
}

// askAgain is how old the archive's last answer may be.
const askAgain = 24 * time.Hour

// fromDebian unpacks the tarball in a linux-source package. The archive is
// asked for a newer version once a day.
func (c Cache) fromDebian(ctx context.Context, o Origin) (Source, error) {
	src, ok := c.Unpacked(o)
	if ok {
		if info, err := os.Stat(c.answerFile(o)); err == nil && time.Since(info.ModTime()) < askAgain {
			return src, nil
		}
	} else if err := cachedir.RoomFor(c.Dir, room, "the source of base "+o.Name); err != nil {
		return Source{}, err
	}
	deb, err := c.fetch(ctx, o)
	switch {
	case err != nil && ok && ctx.Err() == nil:
		c.Progress.Printf("    note  no newer %s could be asked for, so %s: %v", o.Package, src.ID, err)
		return src, nil
	case err != nil && o.Moving && ctx.Err() == nil && !errors.As(err, new(*proc.MissingError)):
		return Source{}, fmt.Errorf("%w: %w", ErrNotFetched, err)
	case err != nil:
		return Source{}, err
	}
	name, version := debian.Name(deb), debian.Version(deb)
	src = c.source(name+"_"+version, version)
	err = c.unpackOnce(ctx, src, func(tmp string) (string, error) {
		files := filepath.Join(tmp, "deb")
		if err := debian.Unpack(ctx, deb, files); err != nil {
			return "", err
		}
		tarball := filepath.Join(files, "usr/src", name+".tar.xz")
		return untar(ctx, tarball, filepath.Join(tmp, "tree"))
	})
	if err != nil {
		return Source{}, err
	}
	return src, atomicfile.WriteBytes(c.answerFile(o), []byte(src.ID))
}

// fetch downloads the origin's package, in an apt for its suites, and returns the
// path of the .deb.
func (c Cache) fetch(ctx context.Context, o Origin) (string, error) {
	archive := debian.Archive{
		Dir: filepath.Join(c.Dir, "debian", o.Suites[0]), Suites: o.Suites, Progress: c.Progress,
	}
	if prefix, ok := strings.CutSuffix(o.Package, "*"); ok {
		return archive.DownloadNewest(ctx, prefix)
	}
	debs, err := archive.Download(ctx, o.Package)
	if err != nil {
		return "", err
	}
	return debs[0], nil
}

// answerFile remembers the source that the archive had last.
func (c Cache) answerFile(o Origin) string {
	return filepath.Join(c.Dir, "src", o.Name+".newest")
}

// Unpacked returns the origin's source if it is in the cache, without asking
// anybody.
func (c Cache) Unpacked(o Origin) (Source, bool) {
	if o.Package == "" {
		return Source{}, false
	}
	id, err := os.ReadFile(c.answerFile(o))
	if err != nil {
		return Source{}, false
	}
	src := c.debianSource(string(id))
	_, err = os.Stat(src.Dir)
	return src, err == nil
}

// fromTarball unpacks a tarball after checking it.
func (c Cache) fromTarball(ctx context.Context, o Origin) (Source, error) {
	sum, err := checksum.File(o.Tarball)
	if err != nil {
		return Source{}, err
	}
	if !strings.EqualFold(sum, o.SHA256) {
		return Source{}, fmt.Errorf("%s has SHA-256 %s, base %s wants %s", o.Tarball, sum, o.Name, o.SHA256)
	}
	src := c.source("tarball-"+sum[:20], "sha256:"+sum[:12])
	return src, c.unpackOnce(ctx, src, func(tmp string) (string, error) {
		return untar(ctx, o.Tarball, filepath.Join(tmp, "tree"))
	})
}

// source is the source of that content, in the cache or about to be.
func (c Cache) source(id, version string) Source {
	return Source{ID: id, Version: version, Dir: filepath.Join(c.Dir, "src", id)}
}

// debianSource is the source with that id, package_version.
func (c Cache) debianSource(id string) Source {
	_, version, _ := strings.Cut(id, "_")
	return c.source(id, version)
}

// Manifest returns what the source holds, from a file beside it.
func (s Source) Manifest(ctx context.Context) (Manifest, error) {
	file := s.Dir + ".manifest"
	if m := LoadManifest(file); m != nil {
		return m, nil
	}
	paths, err := ListAll(s.Dir)
	if err != nil {
		return nil, err
	}
	m, err := ScanPaths(ctx, s.Dir, paths, nil)
	if err != nil {
		return nil, err
	}
	return m, m.Save(file)
}
