// SPDX-License-Identifier: BSD-3-Clause

package recorded

import "maps"

// pageSize is what pages are kept in.
const pageSize = 4096

// pages is the content of a disk, as far as it was written.
type pages map[int64]*[pageSize]byte

// each calls f with each piece of a range that is in one page.
func each(offset int64, data []byte, f func(page int64, at int, piece []byte)) {
	for len(data) > 0 {
		page, at := offset/pageSize, int(offset%pageSize)
		n := min(len(data), pageSize-at)
		f(page, at, data[:n])
		data, offset = data[n:], offset+int64(n)
	}
}

// content is what a disk has: what it had at first, and what was written over that.
type content struct{ first, over pages }

func newContent() content { return content{pages{}, pages{}} }

// read reads from an offset. What was never written is zeros.
func (c content) read(data []byte, offset int64) {
	each(offset, data, func(page int64, at int, piece []byte) {
		p := c.over[page]
		if p == nil {
			p = c.first[page]
		}
		if p == nil {
			clear(piece)
			return
		}
		copy(piece, p[at:])
	})
}

// write writes at an offset.
func (c content) write(data []byte, offset int64) {
	each(offset, data, func(page int64, at int, piece []byte) {
		p := c.over[page]
		if p == nil {
			p = new([pageSize]byte)
			if old := c.first[page]; old != nil && len(piece) < pageSize {
				*p = *old
			}
			c.over[page] = p
		}
		copy(p[at:], piece)
	})
}

// keep has what is there be what was there at first.
func (c content) keep() {
	maps.Copy(c.first, c.over)
	clear(c.over)
}
