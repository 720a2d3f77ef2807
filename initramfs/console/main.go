// SPDX-License-Identifier: BSD-3-Clause

// Command console runs the shell of an interactive guest on the console, and
// switches the machine off when the shell ends.
//
// u-root's init gives its children a pipe for their output, on which a shell
// takes itself for not interactive; and when the shell ends so does init, which
// the kernel answers with a panic.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
)

func main() {
	// Without a word about how the shell ended, which is that of its last
	// command: init's end of the pipe that is stderr may be closed, and then
	// writing to it would be the end of this program, before the reboot.
	run("/dev/console", "/bbin/gosh")
	unix.Sync()
	log.Fatal(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF))
}

// run runs the shell on the console until it ends, however it ends.
func run(console, shell string) {
	tty, err := os.OpenFile(console, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer tty.Close()
	// ^C is for what runs in the shell. Caught, not ignored: a program
	// inherits what is ignored.
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGQUIT)
	cmd := exec.Command(shell)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	if err := cmd.Run(); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(tty, err)
	}
}
