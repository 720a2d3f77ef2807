// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// client is the kernel's side of a disk.
type client struct {
	t    *testing.T
	conn net.Conn
	next uint64
}

// ask sends a request, and returns its cookie.
func (c *client) ask(command, flags uint16, offset int64, length int, data []byte) uint64 {
	c.t.Helper()
	c.next++
	head := make([]byte, requestSize)
	binary.BigEndian.PutUint32(head[0:], requestMagic)
	binary.BigEndian.PutUint16(head[4:], flags)
	binary.BigEndian.PutUint16(head[6:], command)
	binary.BigEndian.PutUint64(head[8:], c.next)
	binary.BigEndian.PutUint64(head[16:], uint64(offset))
	binary.BigEndian.PutUint32(head[24:], uint32(length))
	if _, err := c.conn.Write(append(head, data...)); err != nil {
		c.t.Fatal(err)
	}
	return c.next
}

// answer reads a reply, with so many bytes behind it.
func (c *client) answer(length int) (cookie uint64, errno unix.Errno, data []byte) {
	c.t.Helper()
	b := make([]byte, replySize+length)
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.t.Fatal(err)
	}
	if magic := binary.BigEndian.Uint32(b); magic != replyMagic {
		c.t.Fatalf("a reply begins with %#x", magic)
	}
	return binary.BigEndian.Uint64(b[8:]), unix.Errno(binary.BigEndian.Uint32(b[4:])), b[replySize:]
}

// serving returns a client of a disk that tells a log, which has begun.
func serving(t *testing.T) (*Disk, *client, *Log) {
	log := &Log{}
	log.Start()
	d := NewDisk(3, 1<<20, log)
	here, there := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- d.serve(there) }()
	c := &client{t: t, conn: here}
	t.Cleanup(func() {
		c.ask(cmdEnd, 0, 0, 0, nil)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d, c, log
}

// TestProtocol: what is written can be read, a flush is answered, and all is in the log.
func TestProtocol(t *testing.T) {
	_, c, log := serving(t)
	data := bytes.Repeat([]byte("mdlife.."), 1024)
	for _, ask := range []struct {
		command, flags uint16
		offset         int64
		data           []byte
	}{{cmdWrite, 0, 512, data}, {cmdWrite, flagFUA, 100 << 10, data[:512]}, {cmdFlush, 0, 0, nil}} {
		cookie := c.ask(ask.command, ask.flags, ask.offset, len(ask.data), ask.data)
		if got, errno, _ := c.answer(0); got != cookie || errno != 0 {
			t.Errorf("command %d: reply %d, errno %d", ask.command, got, errno)
		}
	}
	c.ask(cmdRead, 0, 0, 1024+len(data), nil)
	_, errno, got := c.answer(1024 + len(data))
	want := slices.Concat(make([]byte, 512), data, make([]byte, 512))
	if errno != 0 || !bytes.Equal(got, want) {
		t.Errorf("read: errno %d, and not what was written", errno)
	}
	kinds := []Kind{WriteBegun, WriteEnded, WriteBegun, WriteEnded, FlushBegun, FlushEnded}
	events := log.Stop()
	for i, e := range events {
		if e.Disk != 3 || i < len(kinds) && e.Kind != kinds[i] {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if len(events) != len(kinds) || events[0].FUA || !events[2].FUA || events[3].Of != 2 || !bytes.Equal(events[0].Data, data) {
		t.Errorf("%d events: %+v", len(events), events)
	}
}

// TestBadRequests: what is beyond the disk, or nothing that it can, gets an error, and does no harm.
func TestBadRequests(t *testing.T) {
	_, c, log := serving(t)
	for _, ask := range []struct {
		command uint16
		offset  int64
		want    unix.Errno
	}{{cmdRead, 1 << 20, unix.EINVAL}, {cmdRead, -512, unix.EINVAL}, {4, 0, unix.EOPNOTSUPP}} {
		c.ask(ask.command, 0, ask.offset, 512, nil)
		if _, errno, _ := c.answer(0); errno != ask.want {
			t.Errorf("command %d at %d: %v instead of %v", ask.command, ask.offset, errno, ask.want)
		}
	}
	if events := log.Stop(); len(events) > 0 {
		t.Errorf("in the log: %+v", events)
	}
}

// TestFail: as many requests of a kind fail as were to, and leave what was there; those of another kind do not.
func TestFail(t *testing.T) {
	d, c, log := serving(t)
	d.FailWrites(2)
	d.FailReads(1)
	data := bytes.Repeat([]byte{1}, 512)
	for i, ask := range []struct {
		command uint16
		want    unix.Errno
		is      byte // of what is read
	}{
		{cmdWrite, unix.EIO, 0}, {cmdFlush, 0, 0}, {cmdRead, unix.EIO, 0}, {cmdRead, 0, 0}, {cmdWrite, unix.EIO, 0},
		{cmdWrite, 0, 0}, {cmdRead, 0, 1},
	} {
		var written []byte
		answered := 0
		switch {
		case ask.command == cmdWrite:
			written = data
		case ask.command == cmdRead && ask.want == 0:
			answered = len(data)
		}
		c.ask(ask.command, 0, 0, len(data), written)
		_, errno, got := c.answer(answered)
		if errno != ask.want || answered > 0 && got[0] != ask.is {
			t.Errorf("request %d: %v, %v", i, errno, got)
		}
	}
	if n := d.Failing(); n != 0 || len(log.Stop()) != 4 {
		t.Errorf("%d are still to fail", n)
	}
}

// TestWrongMagic: a stream that is out of step ends the server with an error.
func TestWrongMagic(t *testing.T) {
	if _, err := readRequest(bytes.NewReader(make([]byte, requestSize))); err == nil {
		t.Error("a request without its magic number was taken")
	}
}

// TestShut: a disk that is shut from somewhere on answers nothing there until it is opened.
func TestShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDisk(0, 1<<20, &Log{})
		done := 0
		d.Shut(4096)
		d.whenOpen(0, func() { done += 10 })
		d.whenOpen(4096, func() { done++ })
		if done != 10 || d.Waiting() != 1 {
			t.Errorf("shut: %d done, %d wait", done, d.Waiting())
		}
		d.Open()
		d.whenOpen(4096, func() { done++ })
		if done != 12 || d.Waiting() != 0 {
			t.Errorf("open: %d done, %d wait", done, d.Waiting())
		}
	})
}

// TestLate: a flush covers no write that has not been answered when it begins.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &Log{}
		log.Start()
		d := NewDisk(0, 1<<20, log)
		d.Answer(func() time.Duration { return time.Second })
		d.write(make([]byte, 512), 0, false, func() {})
		d.Answer(func() time.Duration { return 2 * time.Second })
		d.flush(func() {})
		time.Sleep(3 * time.Second)
		var kinds []Kind
		for _, e := range log.Stop() {
			kinds = append(kinds, e.Kind)
		}
		if !slices.Equal(kinds, []Kind{WriteBegun, FlushBegun, WriteEnded, FlushEnded}) {
			t.Errorf("%v", kinds)
		}
	})
}

// TestRevert: what was written since Keep goes, and what was there before comes back.
func TestRevert(t *testing.T) {
	d := NewDisk(0, 1<<20, &Log{})
	is := func(want string) {
		t.Helper()
		got := make([]byte, 4)
		d.Read(got, 4094)
		if string(got) != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	d.Write([]byte("abcd"), 4094) // in two pages
	d.Keep()
	d.Write([]byte("xy"), 4095)
	is("axyd")
	d.Revert()
	is("abcd")
}
