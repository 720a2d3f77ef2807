// SPDX-License-Identifier: BSD-3-Clause

// Command mdlife shows whether an md device exists exactly as long as somebody
// needs it: it builds Debian's kernel with and without this project's patches,
// boots both, races opens against stops in them and compares.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"mdlife/kernel/source"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // a verdict or check that is not a pass, or anything that went wrong on the way
	exitUsage       = 2   // a wrong base, flag, size or kernel tree
	exitNotFetched  = 3   // the archive did not give the source of a base that moves
	exitInterrupted = 130 // ^C or SIGTERM
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends mdlife at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns its exit code. All errors end
// here, as one message on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(doubleDashes(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "mdlife: interrupted; everything it started has been ended")
		return exitInterrupted
	}
	if !errors.Is(err, errVerdict) { // the verdict has been printed with its reasons
		fmt.Fprintf(stderr, "mdlife: %v\n", err)
	}
	switch {
	case isUsage(err):
		return exitUsage
	case errors.Is(err, source.ErrNotFetched):
		return exitNotFetched
	}
	return exitFailed
}

// newRoot returns the command with all its subcommands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "mdlife",
		Short: "Build kernels whose md devices live exactly as long as they are needed, boot them, and race opens against stops",
		Example: `  mdlife vmtest                        # the whole comparison on Debian's 6.1 kernel
  mdlife vmtest -tree ~/linux -quick   # the same with a developer's tree, in a hurry
  mdlife shell                         # a prompt inside the patched kernel
  mdlife doctor                        # what is missing on this machine`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              noArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		root.Version = build.Main.Version // of the commit that it was built from
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(newKernel(), newVMTest(), newRun(), newRace(), newShell(), newBench(), newCheck(), newBisectable(), newMutants(), newSoak(), newWindows(), newArrays(), newPower(), newClient(), newMatrix(), newRAID6(), newRebase(), newPost(), newNew(), newDoctor(), newEnvironment())
	return root
}
