// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mdlife/internal/filelock"
	"mdlife/internal/proc"
	"mdlife/kernel/debian"
)

// source is an unpacked source below the cache's src/. It is never written to
// after it got its name.
type source struct {
	id      string // names the content, and the directory below src/
	version string // for people: see Result.Version
	dir     string
}

// SourceTree returns the directory of the base's source as it comes from the
// archive, after fetching and unpacking it if needed. The tree is shared by
// all runs and must not be written to.
func SourceTree(ctx context.Context, req Request) (string, error) {
	req, err := req.withDefaults()
	if err != nil {
		return "", err
	}
	src, err := req.source(ctx)
	return src.dir, err
}

// source finds the base's content and unpacks it unless it is in the cache.
func (req Request) source(ctx context.Context) (source, error) {
	b := req.Base
	switch {
	case b.Package != "":
		return req.debianSource(ctx)
	case b.Tree != "":
		return req.treeSource(ctx)
	case b.Tarball != "":
		return req.tarballSource(ctx)
	}
	return source{}, usagef("base %q names no Debian package, tree or tarball", b.Name)
}

// askAgain is how old the archive's last answer may be.
const askAgain = 24 * time.Hour

// debianSource unpacks the tarball in a linux-source package. The archive is
// asked for a newer version once a day.
func (req Request) debianSource(ctx context.Context) (source, error) {
	src, ok := req.unpacked()
	if ok {
		if info, err := os.Stat(req.answerFile()); err == nil && time.Since(info.ModTime()) < askAgain {
			return src, nil
		}
	} else if err := roomFor(req.CacheDir, roomSource, "the source of base "+req.Base.Name); err != nil {
		return source{}, err
	}
	deb, err := req.fetch(ctx)
	switch {
	case err != nil && ok && ctx.Err() == nil:
		req.Progress.Printf("    note  no newer %s could be asked for, so %s: %v", req.Base.Package, src.id, err)
		return src, nil
	case err != nil && req.Base.Moving && ctx.Err() == nil && !errors.As(err, new(*proc.MissingError)):
		return source{}, fmt.Errorf("%w: %w", ErrNotFetched, err)
	case err != nil:
		return source{}, err
	}
	name, version := debian.Name(deb), debian.Version(deb)
	src = req.newSource(name+"_"+version, version)
	err = req.unpackOnce(ctx, src, func(tmp string) (string, error) {
		files := filepath.Join(tmp, "deb")
		if err := debian.Unpack(ctx, deb, files); err != nil {
			return "", err
		}
		tarball := filepath.Join(files, "usr/src", name+".tar.xz")
		return untar(ctx, tarball, filepath.Join(tmp, "tree"))
	})
	if err != nil {
		return source{}, err
	}
	return src, writeWhole(req.answerFile(), []byte(src.id))
}

// fetch downloads the base's package, in an apt for its suites, and returns the
// path of the .deb.
func (req Request) fetch(ctx context.Context) (string, error) {
	b := req.Base
	archive := debian.Archive{
		Dir: filepath.Join(req.CacheDir, "debian", b.Suites[0]), Suites: b.Suites, Progress: req.Progress,
	}
	if prefix, ok := strings.CutSuffix(b.Package, "*"); ok {
		return archive.DownloadNewest(ctx, prefix)
	}
	debs, err := archive.Download(ctx, b.Package)
	if err != nil {
		return "", err
	}
	return debs[0], nil
}

// answerFile remembers the source that the archive had last.
func (req Request) answerFile() string {
	return filepath.Join(req.CacheDir, "src", req.Base.Name+".newest")
}

// unpacked returns the base's source if it is in the cache, without asking
// anybody.
func (req Request) unpacked() (source, bool) {
	if req.Base.Package == "" {
		return source{}, false
	}
	id, err := os.ReadFile(req.answerFile())
	if err != nil {
		return source{}, false
	}
	_, version, _ := strings.Cut(string(id), "_")
	src := req.newSource(string(id), version)
	_, err = os.Stat(src.dir)
	return src, err == nil
}

// tarballSource unpacks a tarball after checking it.
func (req Request) tarballSource(ctx context.Context) (source, error) {
	b := req.Base
	sum, err := sha256File(b.Tarball)
	if err != nil {
		return source{}, err
	}
	if !strings.EqualFold(sum, b.SHA256) {
		return source{}, fmt.Errorf("%s has SHA-256 %s, base %s wants %s", b.Tarball, sum, b.Name, b.SHA256)
	}
	src := req.newSource("tarball-"+sum[:20], "sha256:"+sum[:12])
	return src, req.unpackOnce(ctx, src, func(tmp string) (string, error) {
		return untar(ctx, b.Tarball, filepath.Join(tmp, "tree"))
	})
}

// treeSource copies what a local tree holds now.
func (req Request) treeSource(ctx context.Context) (source, error) {
	tree, err := openTree(ctx, req.Base.Tree)
	if err != nil {
		return source{}, err
	}
	list, err := tree.scan(ctx, "")
	if err != nil {
		return source{}, err
	}
	src := req.newSource("tree-"+list.id(), tree.version(ctx, list.id()))
	return src, req.unpackOnce(ctx, src, func(tmp string) (string, error) {
		dir := filepath.Join(tmp, "tree")
		for _, path := range list.paths() {
			if err := copyEntry(filepath.Join(tree.dir, path), filepath.Join(dir, path), list[path]); err != nil {
				return "", err
			}
		}
		return dir, nil
	})
}

func (req Request) newSource(id, version string) source {
	return source{id: id, version: version, dir: filepath.Join(req.CacheDir, "src", id)}
}

// unpackOnce gives src its directory by renaming the one that unpack returns
// below the temporary directory that it is given. One process unpacks, the
// others wait.
func (req Request) unpackOnce(ctx context.Context, src source, unpack func(tmp string) (string, error)) error {
	if _, err := os.Stat(src.dir); err == nil {
		return nil
	}
	lock, err := filelock.Acquire(ctx, filepath.Join(req.CacheDir, "src", ".lock"), req.Progress)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := os.Stat(src.dir); err == nil {
		return nil
	}
	tmp := filepath.Join(req.CacheDir, "src", ".unpack")
	if err := os.RemoveAll(tmp); err != nil { // left by a killed run
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	phase := req.Progress.Start("unpack " + src.id)
	tree, err := unpack(tmp)
	if err == nil {
		err = checkTree(tree)
	}
	if err == nil {
		err = os.Rename(tree, src.dir)
	}
	phase.End(err)
	return err
}

// untar extracts a tarball into dir and returns its single top directory. tar
// finds out the compression itself.
func untar(ctx context.Context, tarball, dir string) (string, error) {
	if err := proc.Require(map[string]string{"tar": "tar", "xz": "xz-utils"}); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command("tar", "-x", "--no-same-owner", "-f", tarball, "-C", dir)
	if _, err := proc.Output(ctx, cmd); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", tarball, err)
	}
	top, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(top) != 1 || !top[0].IsDir() {
		return "", fmt.Errorf("%s holds %d entries at its top, not the one directory of a kernel source", tarball, len(top))
	}
	return filepath.Join(dir, top[0].Name()), nil
}

// checkTree makes sure that dir holds a kernel source.
func checkTree(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return usagef("%s is no kernel tree: it has no Makefile", dir)
	}
	if !strings.Contains("\n"+string(text), "\nVERSION =") {
		return usagef("%s is no kernel tree: its Makefile sets no VERSION", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "Kconfig")); err != nil {
		return usagef("%s is no kernel tree: it has no Kconfig", dir)
	}
	return nil
}

// sha256File returns the checksum of a file in hexadecimal.
func sha256File(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
