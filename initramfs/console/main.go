// SPDX-License-Identifier: BSD-3-Clause

// Command console runs the shell of an interactive guest on the console, and
// switches the machine off when the shell ends.
//
// u-root's init gives its children a pipe for their output, on which a shell
// takes itself for not interactive; and when the shell ends so does init, which
// the kernel answers with a panic.
package main

import (
	"log"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

const shell = "/bbin/gosh"

func main() {
	if err := run(); err != nil {
		log.Print(err)
	}
	unix.Sync()
	log.Fatal(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF))
}

func run() error {
	tty, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	// ^C is for what runs in the shell. Caught, not ignored: a program
	// inherits what is ignored.
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGQUIT)
	cmd := exec.Command(shell)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	return cmd.Run()
}
