// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"mdlife/initramfs"
	"mdlife/internal/cachedir"
	"mdlife/vmtests"
)

// minFree is the disk space that sources, object trees and images of one base
// take in the cache, with room to spare.
const minFree = 12 << 30

//go:embed packages.txt
var packagesText string

// need is a Debian package and what shows that it is installed.
type need struct {
	pkg   string
	signs []string // commands, or files where they hold a slash
}

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Report what this machine lacks: tools, disk space, acceleration",
		Example: "  mdlife doctor",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return doctor(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

// doctor prints one line for each thing looked at and fails if one is missing.
func doctor(ctx context.Context, w io.Writer) error {
	var lacking []string
	for _, n := range needs() {
		if sign, ok := n.present(); ok {
			fmt.Fprintf(w, "ok       %-24s %s\n", n.pkg, sign)
		} else {
			fmt.Fprintf(w, "missing  %-24s no %s\n", n.pkg, sign)
			lacking = append(lacking, n.pkg)
		}
	}
	problems := []error{reportGo(ctx, w), reportSpace(w)}
	reportAccel(ctx, w)
	if len(lacking) > 0 {
		packages := fmt.Errorf("missing packages; as root: apt-get install --no-install-recommends %s", strings.Join(lacking, " "))
		problems = append([]error{packages}, problems...)
	}
	return errors.Join(problems...)
}

// reportGo prints whether there is a go command for the guest's programs.
func reportGo(ctx context.Context, w io.Writer) error {
	root, err := vmtests.FindRoot()
	if err != nil {
		root = "." // whose go.mod is not ours: any version will do
	}
	if err := initramfs.CheckGo(ctx, root); err != nil {
		fmt.Fprintf(w, "missing  %-24s %v\n", "go", err)
		return err
	}
	path, err := exec.LookPath("go")
	fmt.Fprintf(w, "ok       %-24s %s\n", "go", path)
	return err
}

// needs parses packages.txt.
func needs() []need {
	var out []need
	sc := bufio.NewScanner(strings.NewReader(packagesText))
	for sc.Scan() {
		f := strings.Fields(sc.Text())
		if len(f) < 2 || f[0] == "#" {
			continue
		}
		out = append(out, need{pkg: f[0], signs: f[1:]})
	}
	return out
}

// present looks for every sign; it returns the last one found or the first that
// is not there.
func (n need) present() (sign string, ok bool) {
	for _, s := range n.signs {
		if strings.Contains(s, "/") {
			if _, err := os.Stat(s); err != nil {
				return s, false
			}
			sign = s
			continue
		}
		path, err := exec.LookPath(s)
		if err != nil {
			return s, false
		}
		sign = path
	}
	return sign, true
}

// reportSpace prints how much room the cache's file system has.
func reportSpace(w io.Writer) error {
	if err := cachedir.Check(); err != nil {
		fmt.Fprintf(w, "missing  %-24s %v\n", "cache", err)
		return err
	}
	dir, err := cachedir.Dir()
	if err != nil {
		return err
	}
	var st unix.Statfs_t
	at := dir
	for unix.Statfs(at, &st) != nil && at != "/" {
		at = filepath.Dir(at) // the cache need not exist yet
	}
	free := st.Bavail * uint64(st.Bsize)
	if free < minFree {
		fmt.Fprintf(w, "missing  %-24s %.1f GiB free in %s, a base needs up to %d GiB\n", "disk", gib(free), dir, minFree>>30)
		return fmt.Errorf("too little disk space in %s", at)
	}
	fmt.Fprintf(w, "ok       %-24s %.1f GiB free in %s\n", "disk", gib(free), dir)
	return nil
}

func gib(n uint64) float64 { return float64(n) / (1 << 30) }
