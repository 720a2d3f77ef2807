// SPDX-License-Identifier: BSD-3-Clause

package uevent

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		msg   string
		want  Event
		ok    bool
		block bool
		name  string
	}{
		{"add@/devices/virtual/block/md0\x00ACTION=add\x00", Event{Action: "add", DevPath: "/devices/virtual/block/md0"}, true, true, "md0"},
		{"remove@/devices/virtual/block/md_r1", Event{Action: "remove", DevPath: "/devices/virtual/block/md_r1"}, true, true, "md_r1"},
		{"add@/devices/virtual/block/md0/md0p1\x00", Event{Action: "add", DevPath: "/devices/virtual/block/md0/md0p1"}, true, false, "md0p1"},
		{"add@/devices/virtual/bdi/9:0\x00", Event{Action: "add", DevPath: "/devices/virtual/bdi/9:0"}, true, false, "9:0"},
		{"add@/devices/virtual/block/md0\x00DISKSEQ=17\x00SEQNUM=3\x00", Event{Action: "add", DevPath: "/devices/virtual/block/md0", Seq: 17}, true, true, "md0"},
		{"libudev\x00\xfe\xed", Event{}, false, false, ""}, // udevd's own format
		{"", Event{}, false, false, ""},
	} {
		got, ok := parse([]byte(c.msg))
		if ok != c.ok || ok && (got != c.want || got.Block() != c.block || got.Name() != c.name) {
			t.Errorf("%q: %+v, %v; block %v, name %q", c.msg, got, ok, got.Block(), got.Name())
		}
	}
}

func TestTakeCountsMarkersAndLosses(t *testing.T) {
	l := &Listener{asked: 1}
	l.take([]byte("add@/devices/virtual/block/md0"), nil)
	if l.caughtUp() {
		t.Error("caught up before the marker came")
	}
	l.take([]byte("change@"+marker), nil)
	if !l.caughtUp() {
		t.Error("not caught up, though the marker came")
	}
	if events, err := l.Take(); err != nil || len(events) != 1 || events[0].Name() != "md0" {
		t.Errorf("events %v, %v: the marker must not be among them", events, err)
	}
	l.take(nil, unix.ENOBUFS)
	if _, err := l.Take(); err == nil {
		t.Error("a loss was not reported")
	}
	if _, err := l.Take(); err != nil {
		t.Errorf("a loss was reported twice: %v", err)
	}
}
