// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"rsc.io/script"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/racepoint"
)

// commands are what a script can say.
func (s *stage) commands() map[string]script.Cmd {
	cmds := map[string]script.Cmd{
		"fails":   command("what the unpatched kernel gives where the script expects more", "result", 1, 1, s.cmdFails),
		"needs":   command("end here where md is built in: the script unloads it", "module", 1, 1, cmdNeeds),
		"spoils":  command("say why an unpatched kernel is unusable afterwards: the script runs last of all tests", "reason...", 1, 99, cmdSpoils),
		"skip":    command("end here: the script makes no sense on this kernel", "reason...", 1, 99, cmdSkip),
		"fail":    command("fail for a reason", "reason...", 1, 99, cmdFail),
		"set":     command("set a parameter of md_mod until the end of the script", "parameter value", 2, 2, func(args []string) error { return s.set(args[0], args[1]) }),
		"array":   command("A makes an array and keeps it open", "inactive|running|partitioned", 1, 1, func(args []string) error { return s.array(args[0]) }),
		"hold":    command("hold someone when they come to a function, or when it has returned", "who at|after function [nth n]", 3, 5, s.cmdHold),
		"held":    command("wait until someone is held", "who", 1, 1, func(args []string) error { return s.held(args[0]) }),
		"release": command("let someone go who is held", "who", 1, 1, func(args []string) error { return release(args[0]) }),
		"watch":   command("count visits to a function, by anybody or by whoever is held", "function [by who]", 1, 3, cmdWatch),
		"passed":  command("wait until a watched function was called", "function", 1, 1, cmdPassed),
		"gone":    command("wait until sysfs does not show the device any more", "", 0, 0, func([]string) error { return s.gone() }),
		"pause":   command("let the kernel end what nobody can wait for, 50 ms", "", 0, 0, func([]string) error { time.Sleep(pause); return nil }),
		"listen":  command("hear the uevents from here on", "", 0, 0, func([]string) error { return s.listen() }),
		"silent":  command("fail if the device was announced since", "", 0, 0, func([]string) error { return s.silent() }),
		"nothing": command("close all, and wait until nothing names the device", "left", 1, 1, func([]string) error { return s.nothingLeft() }),
	}
	for _, name := range actorNames {
		cmds[name] = command("make "+name+" do something, or say what it gets", "verb...", 1, 4, func(args []string) error {
			return s.act(name, args)
		})
	}
	return cmds
}

// command makes a script.Cmd of a function, and checks the number of arguments.
func command(summary, args string, least, most int, run func([]string) error) script.Cmd {
	usage := script.CmdUsage{Summary: summary, Args: args}
	return script.Command(usage, func(_ *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) < least || len(args) > most {
			return nil, script.ErrUsage
		}
		return nil, run(args)
	})
}

func (s *stage) cmdFails(args []string) error {
	s.fails = args[0]
	return nil
}

// cmdNeeds skips the script where md cannot be unloaded. [NeedsModule] finds the line, too.
func cmdNeeds(args []string) error {
	if args[0] != "module" {
		return script.ErrUsage
	}
	if !machine.MDIsModule() {
		return skipError("md is built into this kernel: it takes the modular build (R17)")
	}
	return nil
}

// cmdSpoils does nothing: [Run] has found the line before the script began.
func cmdSpoils([]string) error { return nil }

func cmdFail(args []string) error {
	reason := strings.Join(args, " ")
	return brokenf(reason, "%s", reason)
}

func cmdSkip(args []string) error { return skipError(strings.Join(args, " ")) }

func (s *stage) cmdHold(args []string) error {
	who, when, place := args[0], args[1], args[2]
	if who != worker && !slices.Contains(actorNames, who) || when != "at" && when != "after" {
		return script.ErrUsage
	}
	p := racepoint.Point{Return: when == "after"}
	if len(args) > 3 {
		n, err := strconv.Atoi(args[len(args)-1])
		if args[3] != "nth" || len(args) != 5 || err != nil {
			return script.ErrUsage
		}
		p.Nth = n
	}
	return s.hold(who, place, p)
}

func cmdWatch(args []string) error {
	switch {
	case len(args) == 1:
		return watch(args[0], "")
	case len(args) == 3 && args[1] == "by":
		return watch(args[0], args[2])
	}
	return script.ErrUsage
}

func cmdPassed(args []string) error {
	return reaches(args[0], func(st racepoint.Status) bool { return st.Hits > 0 })
}

// verbs are what an actor can do. Each begins a system call, or asks about the
// last one. A call begins when the one before has returned 0.
var verbs = map[string]func(*stage, *actor) error{
	"open":           func(s *stage, a *actor) error { return a.open(s.node, unix.O_RDWR) },
	"open by path":   func(s *stage, a *actor) error { return a.open("/dev/"+s.name, unix.O_RDWR) },
	"open excl":      func(s *stage, a *actor) error { return a.open(s.node, unix.O_RDWR|unix.O_EXCL) },
	"open nonblock":  func(s *stage, a *actor) error { return a.open(s.node, unix.O_RDWR|unix.O_NONBLOCK) },
	"open partition": func(s *stage, a *actor) error { return a.open(s.partNode, unix.O_RDONLY) },
	"stop":           func(_ *stage, a *actor) error { return a.withFD("STOP_ARRAY", md.StopArray) },
	"restart":        func(_ *stage, a *actor) error { return a.withFD("RESTART_ARRAY_RW", md.RestartArrayRW) },
	"make read-only": func(_ *stage, a *actor) error { return a.withFD("STOP_ARRAY_RO", md.StopArrayRO) },
	"drop partitions": func(_ *stage, a *actor) error {
		return a.finish("BLKRRPART", func() error { return md.WritePartition(a.fd, 0, 0) })
	},
	"clear":          func(s *stage, a *actor) error { return a.write(s.name, md.StateClear) },
	"write inactive": func(s *stage, a *actor) error { return a.write(s.name, md.StateInactive) },
	"close":          func(_ *stage, a *actor) error { return a.close() },
	"waits":          func(_ *stage, a *actor) error { return a.waits() },
	"has same disk":  func(s *stage, a *actor) error { return s.hasDisk(a, "same") },
	"has new disk":   func(s *stage, a *actor) error { return s.hasDisk(a, "new") },
	"takes signals":  func(_ *stage, a *actor) error { return a.unblock() },
	"runs mdadm":     func(s *stage, a *actor) error { return a.mdadm(s.node) },
	"asks for a check": func(s *stage, a *actor) error {
		return a.start("check > sync_action", func() error { return md.WriteAttr(s.name, "md/sync_action", "check") })
	},
	"fails a member":     func(s *stage, a *actor) error { return a.withMember(s.members[0], "SET_DISK_FAULTY", md.SetDiskFaulty) },
	"removes the member": func(s *stage, a *actor) error { return a.withMember(s.members[0], "HOT_REMOVE_DISK", md.HotRemoveDisk) },
	"adds the member":    func(s *stage, a *actor) error { return a.withMember(s.members[0], "HOT_ADD_DISK", md.HotAddDisk) },
	"adds a new array":   func(s *stage, a *actor) error { return s.addNewArray(a) },
	"unloads md": func(_ *stage, a *actor) error {
		return a.start("unload", func() error { return machine.UnloadModules(soon) })
	},
	"loads md":     func(_ *stage, a *actor) error { return a.start("load", machine.LoadModules) },
	"is killed":    func(_ *stage, a *actor) error { return a.kill() },
	"is signalled": func(_ *stage, a *actor) error { return a.signal() },
}

// act carries out "A verb…" of a script.
func (s *stage) act(name string, args []string) error {
	a, err := s.actor(name)
	if err != nil {
		return err
	}
	if args[0] == "gets" && len(args) == 2 {
		return a.gets(args[1])
	}
	verb := strings.Join(args, " ")
	f := verbs[verb]
	if f == nil {
		return fmt.Errorf("%s cannot %q: %w", name, verb, script.ErrUsage)
	}
	return f(s, a)
}

// withMember makes an ioctl about a member.
func (a *actor) withMember(path, what string, f func(fd int, major, minor uint32) error) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return fmt.Errorf("stat %s: %w", path, err)
	}
	return a.withFD(what, func(fd int) error { return f(fd, unix.Major(st.Rdev), unix.Minor(st.Rdev)) })
}

// write writes md/array_state.
func (a *actor) write(name, state string) error {
	return a.start(state+" > array_state", func() error { return md.SetArrayState(name, state) })
}

// conditions are what a script can ask about the kernel, in brackets before a
// command.
func conditions() map[string]script.Cond {
	return map[string]script.Cond{
		"kernel": script.PrefixCondition("uname -r begins so", func(_ *script.State, prefix string) (bool, error) {
			var name unix.Utsname
			err := unix.Uname(&name)
			return strings.HasPrefix(unix.ByteSliceToString(name.Release[:]), prefix), err
		}),
		"symbol": script.PrefixCondition("the kernel has this function", func(_ *script.State, name string) (bool, error) {
			return machine.HasSymbol(name)
		}),
		"file": script.PrefixCondition("the file exists", func(_ *script.State, path string) (bool, error) {
			return unix.Access(path, unix.F_OK) == nil, nil
		}),
	}
}
