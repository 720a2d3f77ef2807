// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Shell boots the guest with its console on the terminal, to the prompt of
// u-root's shell; Plan, OnEvent, Silence, Timeout and Allow are not used. ^A x
// ends the machine, ^A c is QEMU's monitor, ^A h tells of the rest; ^C goes to
// the guest. ConsoleLog, if set, gets what the guest prints. Where the standard
// input is no terminal, the shell carries out its lines and ends.
func Shell(ctx context.Context, cfg Config) error {
	cfg, err := cfg.complete()
	if err != nil {
		return err
	}
	args, err := shellCommand(cfg)
	if err != nil {
		return err
	}
	// QEMU makes the terminal raw; should it be killed, nobody else would
	// undo that.
	if state, err := term.GetState(int(os.Stdin.Fd())); err == nil {
		defer term.Restore(int(os.Stdin.Fd()), state)
	}
	runtime.LockOSThread() // as in startTied
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		cmd.Stdin = nil
		keyboard, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		prompts := make(chan struct{}, 1)
		cmd.Stdout = &promptWriter{to: os.Stdout, prompts: prompts}
		go feed(os.Stdin, prompts, keyboard)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("QEMU: %w", err)
	}
	return err
}

// shellCommand returns the command line of an interactive guest.
func shellCommand(cfg Config) ([]string, error) {
	program, err := FindQEMU()
	if err != nil {
		return nil, err
	}
	prefix, err := pdeathsig()
	if err != nil {
		return nil, err
	}
	stdio := "stdio,id=console,mux=on,signal=off"
	if cfg.ConsoleLog != "" {
		log, err := openLog(cfg.ConsoleLog)
		if err != nil {
			return nil, err
		}
		log.Close()
		stdio += ",logfile=" + strings.ReplaceAll(cfg.ConsoleLog, ",", ",,")
	}
	args := append(strings.Fields(prefix), program, "-nographic")
	args = append(args, machineArgs(cfg)...)
	args = append(args, "-chardev", stdio)
	args = append(args, consoleArgs()...)
	args = append(args, "-mon", "chardev=console,mode=readline")
	kernelParams := append(shellKernelArgs(cfg), cfg.Append...)
	return append(args, "-kernel", cfg.Kernel, "-initrd", cfg.Initramfs,
		"-append", strings.Join(kernelParams, " ")), nil
}

// shellKernelArgs are as for every guest, but for the messages, of which a
// person wants to see only the serious ones at the prompt.
func shellKernelArgs(cfg Config) []string {
	return slices.DeleteFunc(kernelArgs(cfg), func(arg string) bool { return arg == "ignore_loglevel" })
}
