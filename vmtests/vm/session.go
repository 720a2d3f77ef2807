// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hugelgupf/vmtest/qemu"

	"mdlife/vmtests/event"
	"mdlife/vmtests/triage"
)

// How long to wait once the outcome is known. Variables for the tests' sake, as
// are the other limits that tests must wait for.
var (
	findingGrace = 1500 * time.Millisecond // for the rest of a report
	doneGrace    = 20 * time.Second        // for a guest that is done to switch off
	dumpQuiet    = 700 * time.Millisecond  // without a line, a dump is complete
	dumpLimit    = 8 * time.Second
	reapLimit    = 3 * time.Second // for a killed QEMU
)

// session is one guest from start to end.
type session struct {
	cfg     Config
	program []string // QEMU's program with what comes before it
	log     *os.File // may be nil

	console console
	sockets map[string]*chardevSocket // by the chardev's name
	stderr  safeBuffer                // of QEMU
	vm      *qemu.VM
	started time.Time

	events  chan event.Event
	heard   chan bool // console lines came; true: with a finding
	exited  chan error
	badPort chan error // what was no event, and logErr
	readers sync.WaitGroup
	logErr  error // of writing the console log; the readers' until they end

	result Result
	alarm  int  // how many events had come when the console had a finding
	done   bool // the guest said so
}

// newSession prepares everything that can fail without QEMU.
func newSession(cfg Config) (*session, error) {
	program, err := FindQEMU()
	if err != nil {
		return nil, err
	}
	prefix, err := pdeathsig()
	if err != nil {
		return nil, err
	}
	s := &session{
		cfg:     cfg,
		program: []string{prefix, program},
		sockets: map[string]*chardevSocket{},
		events:  make(chan event.Event),
		heard:   make(chan bool, 1),
		exited:  make(chan error, 1),
		badPort: make(chan error, 1),
		result:  Result{Accel: cfg.Accel, Machine: cfg.Machine},
	}
	if s.log, err = openLog(cfg.ConsoleLog); err != nil {
		return nil, err
	}
	s.console.scanner = triage.NewScanner(cfg.Allow...)
	if s.log != nil {
		s.console.log = s.log
	}
	for _, name := range []string{"console", "events", "monitor"} {
		if s.sockets[name], err = newSocket(name); err != nil {
			s.release()
			return nil, err
		}
	}
	return s, nil
}

// release gives back what newSession took.
func (s *session) release() {
	for _, w := range s.sockets {
		w.close()
	}
	if s.log != nil {
		s.log.Close()
	}
}

// run starts QEMU, decides about the outcome and waits for the end.
func (s *session) run(ctx context.Context) (Result, error) {
	defer s.release()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.started = time.Now()
	if err := s.start(ctx); err != nil {
		return s.result, fmt.Errorf("start %s: %w", s.program[1], err)
	}
	failure := s.watch(ctx)
	s.reap()
	s.result.Wall = time.Since(s.started)
	s.result.Allowed, s.result.Findings = s.console.findings()
	s.result.Before = len(s.result.Events)
	if len(s.result.Findings) > 0 && s.alarm > 0 {
		s.result.Before = s.alarm
	}
	if err := ctx.Err(); err != nil {
		return s.result, err
	}
	if s.logErr != nil { // this machine's fault, and not the guest's
		return s.result, fmt.Errorf("%s: its console cannot be kept: %w; make room in %s", s.cfg.Name, s.logErr, filepath.Dir(s.cfg.ConsoleLog))
	}
	return s.result, s.verdict(failure)
}

// reap ends QEMU and takes what is still on its sockets. They end with QEMU; a
// process that has inherited them is not waited for.
func (s *session) reap() {
	_ = s.vm.Kill() // an error says that it has ended
	limit := time.AfterFunc(reapLimit, func() {
		for _, w := range s.sockets {
			w.host.Close()
		}
	})
	defer limit.Stop()
	for e := range s.events { // or the reader would wait for ever
		s.event(e)
	}
	s.readers.Wait()
	select {
	case <-s.exited:
	case <-time.After(reapLimit):
	}
}

// verdict makes the error out of what watch says and what the console shows.
func (s *session) verdict(f *Failure) error {
	if f == nil && len(s.result.Findings) > 0 {
		f = &Failure{}
	}
	if f == nil {
		return nil
	}
	f.Guest, f.Log, f.Findings = s.cfg.Name, s.cfg.ConsoleLog, s.result.Findings
	if f.Tail == nil {
		f.Tail = s.console.last()
	}
	if f.Reason == "" && len(f.Findings) == 0 {
		f.Reason = "ended for a report that turned out to be an expected one"
	}
	if f.Reason == "" || len(f.Findings) > 0 && f.Blocked == nil {
		f.Reason = f.Findings[0].Title
	}
	f.QEMU = s.stderr.String()
	return f
}

// start runs QEMU and the readers of its sockets.
func (s *session) start(ctx context.Context) error {
	fns := []qemu.Fn{
		clean,
		qemu.WithQEMUCommand(s.program[0] + " " + s.program[1]),
		qemu.WithKernel(s.cfg.Kernel),
		qemu.WithInitramfs(s.cfg.Initramfs),
		qemu.WithAppendKernel(append(kernelArgs(s.cfg), s.cfg.Append...)...),
		qemu.WithSerialOutput(&s.stderr),
		s.devices,
	}
	var err error
	s.vm, err = startTied(ctx, s.exited, fns...)
	if err != nil {
		return err
	}
	s.result.Command = slices.Clone(s.vm.Cmdline())
	for _, w := range s.sockets {
		w.guest.Close() // or its end would never be seen
	}
	s.readers.Go(func() {
		if err := s.console.follow(s.sockets["console"].host, s.hear); err != nil {
			s.logErr = err
			s.complain(err)
		}
	})
	s.readers.Go(func() {
		defer close(s.events)
		if err := readEvents(s.sockets["events"].host, func(e event.Event) { s.events <- e }); err != nil {
			s.complain(err)
		}
	})
	return nil
}

// devices adds the machine and what connects it with this process.
func (s *session) devices(_ *qemu.IDAllocator, o *qemu.Options) error {
	o.AppendQEMU(machineArgs(s.cfg)...)
	for _, name := range []string{"console", "events", "monitor"} {
		o.AppendQEMU(chardevFD(name, o.AddFile(s.sockets[name].guest))...)
	}
	o.AppendQEMU(consoleArgs()...)
	o.AppendQEMU(eventArgs()...)
	o.AppendQEMU(diskArgs(s.cfg.Disks)...)
	o.AppendQEMU(monitorArgs()...)
	return nil
}

// hear notes that the console said something; one note can stand for many.
func (s *session) hear(finding bool) {
	for {
		select {
		case s.heard <- finding:
			return
		case earlier := <-s.heard:
			finding = finding || earlier
		}
	}
}

// complain notes an error of a reader; the first one counts.
func (s *session) complain(err error) {
	select {
	case s.badPort <- err:
	default:
	}
}

// safeBuffer collects what several goroutines write, up to a limit.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxStderr = 64 << 10

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:min(len(p), max(0, maxStderr-b.buf.Len()))])
	return len(p), nil
}

// Close implements io.Closer.
func (b *safeBuffer) Close() error { return nil }

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var _ io.WriteCloser = (*safeBuffer)(nil)
