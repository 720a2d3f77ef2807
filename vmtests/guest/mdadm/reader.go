// SPDX-License-Identifier: BSD-3-Clause

package mdadm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/tools/md"
)

// ReaderArg is the argument that makes this program a stray reader.
const ReaderArg = "reader"

// Reads is what a stray reader reports when it ends.
type Reads struct {
	Reads  int64            `json:"reads"`            // opens that it tried
	Errors map[string]int64 `json:"errors,omitempty"` // "open ENXIO", "read EIO" …
}

// Reader is a stray reader: it opens, reads and closes every /dev/md* that it
// sees, again and again, as monitoring tools and desktops do. Given the names of
// devices ("md0"), it opens these by their numbers instead, when sysfs shows them.
// SIGTERM ends it; it then writes what it has seen to w.
func Reader(w io.Writer, devices []string) error {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, os.Interrupt)
	var over atomic.Bool
	result := make(chan Reads)
	dev, err := seen(devices)
	if err != nil {
		return err
	}
	defer dev.close()
	go func() {
		r := Reads{Errors: map[string]int64{}}
		if err := md.LockThread(); err != nil {
			r.Errors["cannot block signals"]++
		}
		for !over.Load() {
			r.readAll(dev.list())
			pause := unix.NsecToTimespec(int64(time.Millisecond))
			_ = unix.Nanosleep(&pause, nil)
		}
		result <- r
	}()
	<-end
	over.Store(true)
	return json.NewEncoder(w).Encode(<-result)
}

// seen returns what a reader sees.
func seen(devices []string) (interface {
	list() []string
	close()
}, error) {
	if len(devices) > 0 {
		return ownNodes(devices)
	}
	return watchNodes()
}

// readAll reads from every one of these device nodes.
func (r *Reads) readAll(nodes []string) {
	for _, node := range nodes {
		r.Reads++
		fd, err := md.Open(node, unix.O_RDONLY)
		if err != nil {
			r.Errors["open "+md.ErrnoName(err)]++
			continue
		}
		var block [4096]byte
		if _, err := unix.Read(fd, block[:]); err != nil {
			r.Errors["read "+md.ErrnoName(err)]++
		}
		unix.Close(fd)
	}
}

// Stray is a running stray reader.
type Stray struct {
	cmd *exec.Cmd
	out strings.Builder
}

// StartReader starts one, see [Reader].
func StartReader(devices ...string) (*Stray, error) {
	s := &Stray{cmd: exec.Command("/proc/self/exe", append([]string{ReaderArg}, devices...)...)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the stray reader: %w", err)
	}
	return s, nil
}

// End ends the reader and returns what it reports.
func (s *Stray) End() (Reads, error) {
	var r Reads
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return r, fmt.Errorf("end the stray reader: %w", err)
	}
	stuck := time.AfterFunc(10*time.Second, func() { _ = s.cmd.Process.Kill() })
	err := s.cmd.Wait()
	if !stuck.Stop() {
		return r, fmt.Errorf("the stray reader did not end within 10 s: %w", err)
	}
	if err != nil {
		return r, fmt.Errorf("the stray reader failed, see the console: %w", err)
	}
	if err := json.Unmarshal([]byte(s.out.String()), &r); err != nil {
		return r, fmt.Errorf("the stray reader's report: %w", err)
	}
	return r, nil
}
