// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/internal/wait"
	"mdlife/tools/md"
	"mdlife/tools/md/uevent"
	"mdlife/vmtests/guest/machine"
	"mdlife/vmtests/guest/racepoint"
)

// actorNames are who may act in a script.
var actorNames = []string{"A", "B", "C"}

// worker is whichever kernel thread carries out deferred work.
const worker = "worker"

// usedMinors counts the numbers that scripts have had.
var usedMinors atomic.Uint32

// newMinor returns a number that nobody has used since boot.
func newMinor() (uint32, error) { return machine.WindowMinors.Nth(usedMinors.Add(1) - 1) }

// stage is what one script plays on.
type stage struct {
	fails    string   // what the unpatched kernel gives instead
	members  []string // what running arrays are made of
	nodes    md.Nodes // private, so that they do not come and go
	name     string   // of the device, "md400"
	node     string
	partNode string
	diskseq  uint64 // of the disk that the script began with
	actors   map[string]*actor
	params   map[string]string // of md_mod, as they were before the script
	others   []string          // other arrays that it has made
	uevents  *uevent.Listener  // since the script listens
}

// newStage chooses a device that nobody has used since boot. It does not exist
// yet.
func newStage(members []string) (*stage, error) {
	minor, err := newMinor()
	if err != nil {
		return nil, err
	}
	nodes, err := md.NewNodes()
	if err != nil {
		return nil, err
	}
	s := &stage{members: members, nodes: nodes, name: md.Name(minor), actors: map[string]*actor{}, params: map[string]string{}}
	s.node, err = nodes.Make(md.Major, minor)
	return s, err
}

func paramFile(name string) string { return "/sys/module/md_mod/parameters/" + name }

// set sets a parameter of md_mod until the script has ended.
func (s *stage) set(name, value string) error {
	old, err := os.ReadFile(paramFile(name))
	if err != nil {
		return err
	}
	if _, changed := s.params[name]; !changed {
		s.params[name] = string(old)
	}
	return os.WriteFile(paramFile(name), []byte(value), 0)
}

// cleanUp lets everybody go, closes everything and removes the array, so that the
// next script finds nothing of this one. How the calls end that are under way
// does not matter any more, but end they must. A device that does not go, of
// which there are some on unpatched kernels, is left: no other script has its
// number.
func (s *stage) cleanUp() error {
	defer s.nodes.Remove()
	errs := []error{racepoint.Clear()}
	if s.uevents != nil {
		s.uevents.Close()
	}
	for name, value := range s.params {
		errs = append(errs, os.WriteFile(paramFile(name), []byte(value), 0))
	}
	for _, a := range s.actors {
		if err := a.leave(); err != nil && a.pending != nil {
			errs = append(errs, err)
		}
	}
	s.remove()
	return errors.Join(errs...)
}

// remove removes the arrays if they are there and can be. On an unpatched kernel
// the open for that may itself lose to a removal under way, and where a removal
// never ends it waits for ever: it is left then, as everything else that hangs.
func (s *stage) remove() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, name := range append(s.others, s.name) {
			_ = wait.Until(context.Background(), giveUp, tick, func() (bool, error) {
				if md.Exists(name) {
					_ = md.Remove(name, giveUp)
				}
				return !md.Exists(name), nil
			})
		}
	}()
	select {
	case <-done:
	case <-time.After(soon):
	}
}

// leave ends all actors' parts.
func (s *stage) leave() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.actors)) {
		errs = append(errs, s.actors[name].leave())
		delete(s.actors, name)
	}
	return errors.Join(errs...)
}

// actor returns the one of that name, and lets it enter at its first use.
func (s *stage) actor(name string) (*actor, error) {
	if a := s.actors[name]; a != nil {
		return a, nil
	}
	a, err := newActor(name)
	if err == nil {
		s.actors[name] = a
	}
	return a, err
}

// array has A make an array on the device and keep it open.
func (s *stage) array(kind string) error {
	a, err := s.actor("A")
	if err != nil {
		return err
	}
	if err := a.open(s.node, unix.O_RDWR); err != nil {
		return err
	}
	if err := a.gets("ok"); err != nil {
		return err
	}
	array, err := s.arrayOf(kind)
	if err != nil {
		return err
	}
	start := array.Start
	if len(array.Members) == 0 {
		start = array.Configure
	}
	if err := start(a.fd); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if kind == "partitioned" {
		if err := s.partition(a.fd); err != nil {
			return err
		}
	}
	s.diskseq, err = md.Diskseq(a.fd)
	return err
}

// arrayOf returns the array that a script asks for.
func (s *stage) arrayOf(kind string) (md.Array, error) {
	switch kind {
	case "inactive":
		return md.Array{}, nil
	case "running", "partitioned":
		return md.Raid1(s.members...)
	}
	return md.Array{}, fmt.Errorf("no kind of array %q; there are inactive, running and partitioned", kind)
}

// hold arms a point that is named after who is to be held there.
func (s *stage) hold(who, place string, p racepoint.Point) error {
	p.Name, p.Symbol = who, place
	if who == worker {
		p.Comm = "kworker"
		return racepoint.Arm(p)
	}
	a, err := s.actor(who)
	if err != nil {
		return err
	}
	p.Task = a.tid
	return racepoint.Arm(p)
}

// reaches waits until ok is true for the status of a point.
func reaches(name string, ok func(racepoint.Status) bool) error {
	var st racepoint.Status
	err := wait.Until(context.Background(), soon, tick, func() (_ bool, err error) {
		st, err = racepoint.Look(name)
		return ok(st), err
	})
	if errors.Is(err, wait.ErrTimeout) {
		return brokenf(gotNotForced, "nobody has come to the place of %s within %v; it is %s, with %d visits", name, soon, st.State, st.Hits)
	}
	return err
}

// held waits until somebody is held.
func (s *stage) held(who string) error {
	if a := s.actors[who]; a != nil && a.pending != nil {
		if err := a.comesTo(who); err != nil {
			return err
		}
	}
	return reaches(who, isHolding)
}

func isHolding(st racepoint.Status) bool { return st.State == racepoint.Holding }

// watch counts the visits to a function: all of them, or those of whoever is
// held, as deferred work that an earlier script has left may come there, too.
func watch(place, by string) error {
	p := racepoint.Point{Name: place, Symbol: place, Watch: true}
	if by != "" {
		st, err := racepoint.Look(by)
		if err != nil {
			return err
		}
		p.Task = st.Task
	}
	return racepoint.Arm(p)
}

// release lets go who is held, and fails if nobody is any more.
func release(who string) error {
	st, err := racepoint.Look(who)
	if err != nil {
		return err
	}
	if st.State != racepoint.Holding {
		return brokenf(gotNotForced, "%s was to be held until now, but is %s", who, st.State)
	}
	return racepoint.Release(who)
}

// gone waits until sysfs does not show the device any more.
func (s *stage) gone() error {
	if md.WaitGone(s.name, soon) {
		return nil
	}
	return brokenf(gotLeft, "%s is still in /sys/block after %v", s.name, soon)
}

// nothingLeft closes everything, and fails unless the device goes from
// everywhere.
func (s *stage) nothingLeft() error {
	if err := s.leave(); err != nil {
		return err
	}
	var left []string
	err := wait.Until(context.Background(), goes, tick, func() (bool, error) {
		left = md.Left(s.name)
		return len(left) == 0, nil
	})
	if err != nil {
		return brokenf(gotLeft, "all have closed %s, but it is still in %s after %v", s.name, strings.Join(left, ", "), goes)
	}
	return nil
}

// listen begins to listen for uevents.
func (s *stage) listen() (err error) {
	s.uevents, err = uevent.Listen()
	return err
}

// silent fails if the device was announced since the script listens.
func (s *stage) silent() error {
	if s.uevents == nil {
		return errors.New("nobody listens")
	}
	events, err := s.uevents.Take()
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Block() && e.Name() == s.name && e.Action == "add" {
			return brokenf(gotAnnounced, "%s was announced, though it is there for one open only", s.name)
		}
	}
	return nil
}

// hasDisk fails unless the actor has open the disk that the script began with,
// or not, where another is wanted.
func (s *stage) hasDisk(a *actor, which string) error {
	if err := a.gets("ok"); err != nil {
		return err
	}
	seq, err := md.Diskseq(a.fd)
	if err != nil {
		return err
	}
	if same := seq == s.diskseq; same != (which == "same") {
		return brokenf(gotOther, "%s has disk number %d open, and that of the script is %d", a.name, seq, s.diskseq)
	}
	return nil
}

// addNewArray has an actor add another array, which does not exist yet, as a
// member: md opens it, and makes it, while it holds the first one's lock.
func (s *stage) addNewArray(a *actor) error {
	minor, err := newMinor()
	if err != nil {
		return err
	}
	s.others = append(s.others, md.Name(minor))
	return a.withFD("ADD_NEW_DISK", func(fd int) error {
		return md.AddNewDisk(fd, md.DiskInfo{Major: md.Major, Minor: int32(minor)})
	})
}
