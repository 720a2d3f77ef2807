// SPDX-License-Identifier: BSD-3-Clause

package recorded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"
)

// The protocol of a network block device, once it is connected (linux/nbd.h; the protocol's document
// is doc/proto.md of the nbd project). All numbers are big-endian.
const (
	requestMagic = 0x25609513
	replyMagic   = 0x67446698
	requestSize  = 28
	replySize    = 16

	cmdRead  = 0
	cmdWrite = 1
	cmdEnd   = 2
	cmdFlush = 3

	flagFUA = 1 << 0
)

// request is what a disk is asked for.
type request struct {
	flags, command uint16
	cookie         uint64 // names it in the reply
	offset         int64
	length         uint32
	data           []byte // of a write
}

// readRequest reads the next request.
func readRequest(r io.Reader) (req request, err error) {
	var head [requestSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return req, err
	}
	if magic := binary.BigEndian.Uint32(head[0:]); magic != requestMagic {
		return req, fmt.Errorf("a request begins with %#x, and not %#x", magic, requestMagic)
	}
	req = request{
		flags:   binary.BigEndian.Uint16(head[4:]),
		command: binary.BigEndian.Uint16(head[6:]),
		cookie:  binary.BigEndian.Uint64(head[8:]),
		offset:  int64(binary.BigEndian.Uint64(head[16:])),
		length:  binary.BigEndian.Uint32(head[24:]),
	}
	if req.command == cmdWrite {
		req.data = make([]byte, req.length)
		_, err = io.ReadFull(r, req.data)
	}
	return req, err
}

// reply returns the reply to a request, with room for so many bytes behind it.
func reply(cookie uint64, errno unix.Errno, data int) []byte {
	b := make([]byte, replySize+data)
	binary.BigEndian.PutUint32(b[0:], replyMagic)
	binary.BigEndian.PutUint32(b[4:], uint32(errno))
	binary.BigEndian.PutUint64(b[8:], cookie)
	return b
}

// serve answers requests until the other side ends that.
func (d *Disk) serve(conn io.ReadWriter) error {
	in, out := bufio.NewReaderSize(conn, 256<<10), &answers{to: conn}
	for {
		req, err := readRequest(in)
		if errors.Is(err, io.EOF) || err == nil && req.command == cmdEnd {
			return out.failed()
		}
		if err != nil {
			return err
		}
		if d.fails(req.command) {
			d.whenOpen(req.offset, func() { out.send(reply(req.cookie, unix.EIO, 0)) })
			continue
		}
		d.whenOpen(req.offset, func() { d.handle(req, out) })
	}
}

// handle does what a request asks for.
func (d *Disk) handle(req request, out *answers) {
	within := req.offset >= 0 && req.offset+int64(req.length) <= d.Size
	switch {
	case !within:
		out.send(reply(req.cookie, unix.EINVAL, 0))
	case req.command == cmdRead:
		b := reply(req.cookie, 0, int(req.length))
		d.Read(b[replySize:], req.offset)
		out.send(b)
	case req.command == cmdWrite:
		d.write(req.data, req.offset, req.flags&flagFUA != 0, func() { out.send(reply(req.cookie, 0, 0)) })
	case req.command == cmdFlush:
		d.flush(func() { out.send(reply(req.cookie, 0, 0)) })
	default:
		out.send(reply(req.cookie, unix.EOPNOTSUPP, 0))
	}
}

// answers sends replies, which may come from anywhere, one after the other.
type answers struct {
	mu  sync.Mutex
	to  io.Writer
	err error // of the first that could not be sent
}

func (a *answers) send(b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.to.Write(b); err != nil && a.err == nil {
		a.err = err
	}
}

func (a *answers) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}
