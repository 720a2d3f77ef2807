// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"mdlife/internal/proc"

	"github.com/u-root/gobusybox/src/pkg/bb"
	"github.com/u-root/gobusybox/src/pkg/bb/findpkg"
	"github.com/u-root/gobusybox/src/pkg/golang"
	"github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage/initramfs"
	"github.com/u-root/uio/ulog"
)

// busyboxLayer holds u-root: init, the shell and the usual commands as one
// binary, with a link a command.
type busyboxLayer struct {
	root string // of this repository: its go.mod chooses u-root's version
}

func (busyboxLayer) name() string { return "busybox" }

// key covers all that decides about the binary: the commands, the versions of
// the modules behind them, and the compiler.
func (l busyboxLayer) key(ctx context.Context) (string, error) {
	const format = "{{with .Module}}{{.Path}} {{.Version}}{{end}}"
	args := append([]string{"list", "-deps", "-tags", busyboxTags, "-f", format}, commandPaths()...)
	mods, err := goOutput(ctx, l.root, args...)
	if err != nil {
		return "", fmt.Errorf("find u-root's commands: %w", err)
	}
	version, err := goOutput(ctx, l.root, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	return hash("busybox", busyboxTags, mods, version, strings.Join(buildFlags, " "), strings.Join(commands, " ")), nil
}

// write compiles the commands, some 20 s on two cores, and puts them into w.
func (l busyboxLayer) write(ctx context.Context, scratch string, w initramfs.Writer) error {
	bin := filepath.Join(scratch, "bb")
	if err := l.compile(ctx, filepath.Join(scratch, "src"), bin); err != nil {
		return err
	}
	files := initramfs.NewFiles()
	if err := files.AddFile(bin, "bbin/bb"); err != nil {
		return err
	}
	for _, name := range commands {
		if err := files.AddRecord(cpio.Symlink("bbin/"+name, "bb")); err != nil {
			return err
		}
	}
	return files.WriteTo(w)
}

// compile rewrites the commands into one program below src and builds it.
// The build itself is run here, and not by gobusybox, so that it ends with ctx.
func (l busyboxLayer) compile(ctx context.Context, src, bin string) error {
	env := golang.Default(golang.DisableCGO(), golang.WithGOOS("linux"), golang.WithGOARCH("amd64"), golang.WithBuildTag(busyboxTags))
	env.Dir = l.root
	err := bb.BuildBusybox(ulog.Null, &bb.Opts{
		Env:          env,
		LookupEnv:    &findpkg.Env{},
		GenSrcDir:    src,
		CommandPaths: commandPaths(),
		BinaryPath:   bin,
		GenerateOnly: true,
	})
	if err != nil {
		return fmt.Errorf("put u-root's commands together: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	args := append([]string{"build", "-tags", busyboxTags, "-o", bin}, buildFlags...)
	cmd := goCommand(filepath.Join(src, "src/bb.u-root.com/bb"), args...)
	cmd.Env = append(cmd.Env, "GO111MODULE=off", "GOPATH="+src)
	if out, err := proc.Combined(ctx, cmd); err != nil {
		return fmt.Errorf("build u-root's commands: %w\n%s", err, out)
	}
	return nil
}

// busyboxTags leave out gosh's own line editors: one asks the terminal about
// itself and loses what is typed meanwhile, the other dies of ^C. The
// terminal's editing is what remains.
const busyboxTags = "goshsmall"

// buildFlags make small binaries that do not depend on where they were built.
var buildFlags = []string{"-trimpath", "-ldflags=-s -w -buildid="}

// goCommand returns a go command to be run in dir, for the guest.
func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := proc.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	return cmd
}

// goOutput runs a go command in dir and returns its standard output.
func goOutput(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := proc.Output(ctx, goCommand(dir, args...))
	return string(out), err
}
