// SPDX-License-Identifier: BSD-3-Clause

// Command mdstress races opens of an md array with its stops, and prints how
// every call ended. It is one static program, run as root, usually in a guest.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/race"
)

const usage = `usage: mdstress [-stop ioctl|sysfs|named] [-members 0|2] [-openers N]
                [-duration 10s] [-cycles N] [-seed S] [-dev md0]
                [-member-devs /dev/ram0,/dev/ram1] [-json]

The exit status is 0 if nothing failed, stayed or leaked, 1 if something did,
and 2 if the race could not be run.
`

func main() {
	cfg, asJSON, err := parse(os.Args[1:], os.Stdout)
	if err == flag.ErrHelp {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "mdstress: %v\n", err)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	fmt.Fprintf(os.Stderr, "mdstress: seed %d\n", cfg.Seed)
	res, err := race.Run(ctx, cfg)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mdstress: %v\n", err)
		os.Exit(2)
	}
	if asJSON {
		err = json.NewEncoder(os.Stdout).Encode(res)
	} else {
		_, err = io.WriteString(os.Stdout, summary(res))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "mdstress: %v\n", err)
		os.Exit(1)
	}
	if !clean(res) {
		os.Exit(1)
	}
}

// parse turns arguments into a race. Its errors are one line each.
func parse(args []string, help io.Writer) (race.Config, bool, error) {
	cfg := race.Config{Spec: event.RaceSpec{Name: "mdstress"}}
	fs := flag.NewFlagSet("mdstress", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&cfg.Spec.Stop, "stop", event.StopIoctl, "how the array is stopped: ioctl, sysfs or named")
	fs.IntVar(&cfg.Spec.Members, "members", 0, "members of the raid1: 0 (it stays inactive) or 2")
	fs.IntVar(&cfg.Spec.Openers, "openers", 4, "threads that open and close the device")
	fs.IntVar(&cfg.Spec.Cycles, "cycles", 0, "end after this many stops")
	fs.Uint64Var(&cfg.Seed, "seed", rand.Uint64(), "seed of the threads' generators")
	fs.StringVar(&cfg.Device, "dev", "md0", "array to race on, md0 to md511")
	duration := fs.Duration("duration", 0, "end after this time (10s if -cycles is not set either)")
	members := fs.String("member-devs", "/dev/ram0,/dev/ram1", "block devices to make members of")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	if err := fs.Parse(args); err != nil {
		if err == flag.ErrHelp {
			fmt.Fprint(help, usage)
			fs.SetOutput(help)
			fs.PrintDefaults()
		}
		return cfg, false, err
	}
	if fs.NArg() > 0 {
		return cfg, false, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *duration == 0 && cfg.Spec.Cycles == 0 {
		*duration = 10 * time.Second
	}
	if *duration != 0 && *duration < time.Millisecond {
		return cfg, false, fmt.Errorf("duration %v is not at least 1ms", *duration)
	}
	cfg.Spec.Millis = int(duration.Milliseconds())
	cfg.Members = strings.Split(*members, ",")
	return cfg, *asJSON, race.Check(cfg.Spec)
}
