// SPDX-License-Identifier: BSD-3-Clause

// Package event defines the events that a guest sends to its host, and the plan that the
// host gives to a guest. The types travel as JSON: events over a virtio-serial port
// named [Port], one object a line; the plan in the kernel's command line.
package event

// Port is the name of the virtio-serial port that carries events.
const Port = "mdlife"

// PlanArg is the kernel parameter that carries an encoded [Plan].
const PlanArg = "mdlife.plan="

// ModuleDir is where a guest finds md's modules, if md is not built in.
const ModuleDir = "/lib/modules/md"

// NeededModuleDir is where a guest finds the modules that md's modules need.
const NeededModuleDir = "/lib/modules/needed"

// AllWindows in a plan stands for all windows.
const AllWindows = "all"

// Racepoint is where a guest finds the kernel module racepoint, built for its
// kernel; see package racepoint.
const Racepoint = "/lib/modules/racepoint.ko"

// How the creator of a race stops its array.
const (
	StopIoctl = "ioctl" // STOP_ARRAY on an open descriptor
	StopSysfs = "sysfs" // echo clear > md/array_state
	StopNamed = "named" // as ioctl, on an array made through new_array
)

// Plan is what a guest does, in order: the windows, forced one by one; races,
// the mdadm loop and checks, or these in Reverse, so that two guests on one machine
// race one after the other; then test cases of arrays, the client loop, the soak and the
// benchmarks.
type Plan struct {
	Seed       uint64      `json:"seed"`
	Checks     bool        `json:"checks,omitempty"`        // run checks: those of Only
	Only       []string    `json:"only,omitempty"`          // how the names of the checks begin; empty: all checks
	CheckLimit int         `json:"check_limit_s,omitempty"` // seconds after which one check counts as hung
	Windows    []string    `json:"windows,omitempty"`       // to force, by name, or AllWindows
	Races      []RaceSpec  `json:"races,omitempty"`         // one after the other
	Mdadm      *MdadmSpec  `json:"mdadm,omitempty"`
	Cells      []string    `json:"cells,omitempty"`  // test cases of arrays, by name or personality, or AllCells
	Repeat     int         `json:"repeat,omitempty"` // how often each of them; 0: once
	Alone      []Span      `json:"alone,omitempty"`  // which of these, by their places in the order, come first, one at a time
	Rest       []Span      `json:"rest,omitempty"`   // and which then; no Alone and no Rest: all
	Client     *ClientSpec `json:"client,omitempty"`
	Reverse    bool        `json:"reverse,omitempty"` // checks before the mdadm loop before the races
	Bench      *BenchSpec  `json:"bench,omitempty"`
	Soak       *SoakSpec   `json:"soak,omitempty"`
	Power      *PowerSpec  `json:"power,omitempty"` // nothing else is done then
}

// RaceSpec describes one race between openers and a creator that stops.
// It ends after Millis milliseconds or, where Cycles is not 0, after that many
// stop cycles, whichever comes first (0 means no limit; one must be set).
type RaceSpec struct {
	Name    string `json:"name"`              // unique in a plan, e.g. "ioctl-raid1"
	Stop    string `json:"stop"`              // StopIoctl, StopSysfs or StopNamed
	Members int    `json:"members,omitempty"` // 0: array without members; 2: raid1 on brd
	Openers int    `json:"openers"`           // threads that open and close the device
	Millis  int    `json:"ms,omitempty"`
	Cycles  int    `json:"cycles,omitempty"` // stops

	// MinOpens and MinCycles are what a race of Millis must see: on a busy
	// machine it goes on for up to RaceStretch times as long.
	MinOpens  int `json:"min_opens,omitempty"`
	MinCycles int `json:"min_cycles,omitempty"`
}

// RaceStretch is how many times as long a race may last that has not seen enough.
const RaceStretch = 4

// MdadmSpec is the loop of Debian's mdadm and systemd-udevd under a stray
// reader: create a raid1 on brd, stop it, look. Its arrays share the cycles.
type MdadmSpec struct {
	Cycles       int `json:"cycles"`
	SettleMillis int `json:"settle_ms"` // when to look the second time

	// ByNumber has the reader use device nodes of its own, which are there
	// always, as on a machine without devtmpfs.
	ByNumber bool `json:"by_number,omitempty"`
}

// ClientSpec is a loop of all that mdadm does for its users (package arrays), under a
// stray reader.
type ClientSpec struct {
	Cycles       int `json:"cycles"`
	LimitSeconds int `json:"limit_s"`   // no cycle begins after that
	SettleMillis int `json:"settle_ms"` // after a stop, when to look the second time
}

// MaxSoakDevices is how many devices a soak has members for: brd has 16 disks.
const MaxSoakDevices = 8

// AllChecks in [Plan].Only stands for all checks except those that take long.
const AllChecks = "all"

// CellNotRun begins the Detail of a [Cell] that was not run, for example because no devices were left.
const CellNotRun = "not run"

// AllCells in [Plan].Cells stands for all test cases.
const AllCells = "all"

// LongRestarts is a check that takes long: R8-restart-at-once, a thousand times.
const LongRestarts = "R8-restart-thousand-times"

// SoakSpec asks for races of random kinds on several devices at once, one after
// the other on each.
type SoakSpec struct {
	Devices int `json:"devices"`
	Seconds int `json:"s"`
}

// PowerSpec asks for one turn of a test in which the host kills the machine under
// arrays that are written to. Their members are parts of the machine's disks, which
// outlive it, and so is the ledger of what was acknowledged.
type PowerSpec struct {
	Arrays []string `json:"arrays"` // of package arrays, by name; none: all
	Turn   int      `json:"turn"`   // 0 creates the arrays; later ones look first
	Last   bool     `json:"last"`   // looks, and is not killed
}

// Serial numbers of the disks of such a machine: MemberDisk with a number from 0, and
// the ledger's.
const (
	MemberDisk = "member"
	LedgerDisk = "ledger"
)

// PowerDisks is how many member disks it has, PowerDiskMiB how large each is, and
// LedgerMiB how large the ledger's.
const (
	PowerDisks   = 5
	PowerDiskMiB = 264
	LedgerMiB    = 1
)

// PhaseWriting is the phase in which each array has acknowledged something since it was
// assembled: the machine can be killed.
const PhaseWriting = "writing"

// BenchSpec asks for Rounds rounds of each uncontended benchmark, or of reads and writes
// on each personality, or of what takes parity.
type BenchSpec struct {
	Rounds     int  `json:"rounds"`
	Throughput bool `json:"throughput,omitempty"`
	Parity     bool `json:"parity,omitempty"`
}

// What a sample of parity's benchmarks is for, and what the name of those ends with that
// are about the CPUs' time.
const (
	PerMiB   = "MiB"
	PerWrite = "4 KiB"
	BenchCPU = ": CPU"
)

// Event is one message from the guest. Exactly one of the pointers is set.
// Uptime is the guest's CLOCK_BOOTTIME in seconds when it was made.
type Event struct {
	Uptime    float64    `json:"uptime"`
	BootInfo  *BootInfo  `json:"hello,omitempty"`
	Heartbeat *Heartbeat `json:"beat,omitempty"`
	Check     *Check     `json:"check,omitempty"`
	Window    *Window    `json:"window,omitempty"`
	Begun     *Begun     `json:"begun,omitempty"`
	Cell      *Cell      `json:"cell,omitempty"`
	Race      *Race      `json:"race,omitempty"`
	Mdadm     *Mdadm     `json:"mdadm,omitempty"`
	Client    *Client    `json:"client,omitempty"`
	Bench     *Bench     `json:"bench,omitempty"`
	Soak      *Soak      `json:"soak,omitempty"`
	Power     *Power     `json:"power,omitempty"`
	Done      *Done      `json:"done,omitempty"`
}

// BootInfo describes the machine: the first event of every guest.
type BootInfo struct {
	Release string `json:"release"` // uname -r
	Version string `json:"version"` // uname -v
	CPUs    int    `json:"cpus"`
	Mdadm   string `json:"mdadm"` // first line of mdadm --version, "" if absent
	Udevd   string `json:"udevd"` // systemd-udevd --version, "" if absent
}

// Heartbeat reports that the guest lives and what it is doing, at least once a second.
type Heartbeat struct {
	Phase  string `json:"phase"`
	Done   int    `json:"done"`   // opens, cycles … so far in this phase
	Failed int    `json:"failed"` // of these, failed
}

// Check is the result of one named check of a requirement.
type Check struct {
	Name        string  `json:"name"`        // "R4-one-add-uevent"
	Requirement string  `json:"requirement"` // "R4"
	OK          bool    `json:"ok"`
	Detail      string  `json:"detail"` // what was seen, one line
	Seconds     float64 `json:"seconds"`
}

// Window is the result of one forced interleaving (package windows). Of Held, Got
// and Skipped exactly one is set.
type Window struct {
	Name    string  `json:"name"`              // "W1", see docs/requirements.md
	Title   string  `json:"title"`             // what happens when, one line
	Held    bool    `json:"held"`              // everything went as promised
	Got     string  `json:"got,omitempty"`     // what came instead: an errno's name, "hang", "not forced" …
	Skipped string  `json:"skipped,omitempty"` // why this kernel cannot show the window
	Fails   string  `json:"fails,omitempty"`   // what an unpatched kernel is known to get; "": it holds there, too
	Detail  string  `json:"detail,omitempty"`  // where it went wrong
	Tries   int     `json:"tries"`             // how often it was tried until it was forced
	Seconds float64 `json:"seconds"`
}

// Begun says that a test case of arrays begins: its guest may not live to report the result.
type Begun struct {
	Name string `json:"name"` // [Cell].Name
	Turn int    `json:"turn,omitempty"`
}

// Cell is the result of one subject on one personality (package arrays).
type Cell struct {
	Name        string  `json:"name"`        // "raid5/life-1.2"
	Personality string  `json:"personality"` // "raid5"
	OK          bool    `json:"ok"`
	Skipped     string  `json:"skipped,omitempty"` // why this kernel cannot run it
	Detail      string  `json:"detail"`            // what was seen, one line
	Seed        uint64  `json:"seed"`
	Turn        int     `json:"turn,omitempty"` // which of its repetitions; 0: the first
	Seconds     float64 `json:"seconds"`

	// Opens are those of the opener beside it, by outcome: "ok" or an errno's name.
	Opens map[string]int `json:"opens,omitempty"`

	// IO is how many verified reads and writes were made beside it.
	IO int `json:"io,omitempty"`

	// Boot is which of its kernel's guests, one after the other, ran it, from 1, and Crashed says
	// that this guest ended while it ran. The host knows: 0 of a kernel with one guest that lived.
	Boot    int  `json:"boot,omitempty"`
	Crashed bool `json:"crashed,omitempty"`
}

// Power is what has become of one array when the machine was killed under it.
type Power struct {
	Array  string `json:"array"`
	Acked  uint64 `json:"acked"`            // writings acknowledged since it was made
	Looked int    `json:"looked"`           // blocks that were read, each of which had been acknowledged
	Forced bool   `json:"forced,omitempty"` // it took --force to assemble it
	Holes  int    `json:"holes,omitempty"`  // blocks lost to the write hole, where the level has it
	Wrong  string `json:"wrong,omitempty"`  // the first block that should have been there, and what is there instead
}

// Latency is a distribution in microseconds. Bars hold every non-empty bucket
// of an HDR histogram with 2 significant digits, in rising order; neighbours
// within 5 % are joined, so that an event stays short.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_us"`
	P99   float64 `json:"p99_us"`
	Max   float64 `json:"max_us"`
	Bars  []Bar   `json:"bars,omitempty"`
}

// Bar counts the values v with the previous bar's Le < v <= Le.
type Bar struct {
	Le    int64 `json:"le_us"`
	Count int64 `json:"count"`
}

// Race is the result of one [RaceSpec].
//
// Calls counts every kind of call by outcome: the outer key is the call
// ("open-ro", "open-rw", "open-excl", "create", "stop", "new_array", "clear",
// "add_disk", "run", …), the inner key "ok" or the errno's name.
type Race struct {
	Spec    RaceSpec                    `json:"spec"`
	Seed    uint64                      `json:"seed"`
	Seconds float64                     `json:"seconds"`
	Cycles  int64                       `json:"cycles"` // stops that succeeded
	Calls   map[string]map[string]int64 `json:"calls"`
	Open    Latency                     `json:"open"`
	Stop    Latency                     `json:"stop"`
	Gone    Latency                     `json:"gone"`    // last close to gone from /sys/block, openers quiet
	Left    []string                    `json:"left"`    // what still names the device once all closed
	Leaks   []string                    `json:"leaks"`   // slabs, inodes, threads that did not come back
	Uevents map[string]int64            `json:"uevents"` // by action, for the raced device
	Notes   []string                    `json:"notes,omitempty"`
}

// Mdadm is the result of the mdadm loop. ThereAfterStop and ThereSettled count
// the cycles after which the array's directory in /sys/block existed right after mdadm --stop had
// returned, and MdadmSpec.SettleMillis later.
type Mdadm struct {
	Spec           MdadmSpec        `json:"spec"`
	Cycles         int              `json:"cycles"`
	ThereAfterStop int              `json:"there_after_stop"`
	ThereSettled   int              `json:"there_settled"`
	LeftAtEnd      []string         `json:"left_at_end"` // md devices, once the reader has gone
	CreateFailed   int              `json:"create_failed"`
	StopFailed     int              `json:"stop_failed"`
	Errors         map[string]int   `json:"errors,omitempty"` // mdadm's messages, counted
	Reads          int64            `json:"reads"`            // opens by the stray reader
	ReadErrors     map[string]int64 `json:"read_errors,omitempty"`
	Uevents        map[string]int64 `json:"uevents"` // by action, for the arrays
	MaxUevents     int              `json:"max_uevents_per_cycle"`
	Create         Latency          `json:"create"`
	Stop           Latency          `json:"stop"`
}

// Client is the result of the loop of all that mdadm does. Cycles are those begun; what
// is counted by kind has "create" and "stop" in it, and "create at once", which follows
// a stop without a pause.
type Client struct {
	Spec           ClientSpec       `json:"spec"`
	Seed           uint64           `json:"seed"`
	Cycles         int              `json:"cycles"`
	Done           map[string]int   `json:"done"`   // by kind, how often something was tried
	Failed         map[string]int   `json:"failed"` // of these, how often it did not succeed
	Stops          int              `json:"stops"`  // of one array each, those of --stop --scan included
	ThereAfterStop int              `json:"there_after_stop"`
	Settled        int              `json:"settled"` // stops after which it was looked a second time
	ThereSettled   int              `json:"there_settled"`
	LeftAtEnd      []string         `json:"left_at_end"`      // md devices, once the reader has gone
	Errors         map[string]int   `json:"errors,omitempty"` // what went wrong, counted
	Reads          int64            `json:"reads"`            // opens by the stray reader
	ReadErrors     map[string]int64 `json:"read_errors,omitempty"`
	Seconds        float64          `json:"s"`
}

// Bench is one benchmark's samples, one per round, in microseconds.
type Bench struct {
	Name    string    `json:"name"` // "open-close"; "create-stop-gone", and its parts: "create-stop-gone: stop"; "raid5 random read"
	Micros  []float64 `json:"us"`
	PerUnit string    `json:"per"` // what one sample is the mean of: "open+close", "cycle"
}

// Soak is the end of a soak; its races are events of their own.
type Soak struct {
	Spec    SoakSpec `json:"spec"`
	Seconds float64  `json:"seconds"`
	Races   int      `json:"races"`
	Left    []string `json:"left"`  // md devices, once all races had ended
	Leaks   []string `json:"leaks"` // slabs, inodes, threads that did not come back
}

// Done is the last event of a guest that ran its whole plan.
type Done struct {
	Error string `json:"error,omitempty"` // why the plan could not be carried out
}
