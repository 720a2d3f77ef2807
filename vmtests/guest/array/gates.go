// SPDX-License-Identifier: BSD-3-Clause

package array

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"mdlife/vmtests/guest/machine"
)

// Gate is a member with the device mapper before it, which can be shut: all I/O waits there
// until it is opened. So a test case holds a moment for as long as it likes, where slow disks
// would make it likely. It can also be broken: all I/O fails.
type Gate struct {
	mapper  *machine.Mapper
	name    string // for the device mapper
	minor   uint32
	under   string // the member's own node
	sectors uint64
	shut    bool
}

// UseGates puts a gate before each disk of the array.
func (a *Array) UseGates() error {
	mapper, err := machine.OpenMapper()
	if err != nil {
		return err
	}
	a.later(func() error {
		mapper.Close()
		return nil
	})
	for i, under := range a.Members {
		g := &Gate{mapper: mapper, name: fmt.Sprintf("gate-%s-%d", a.Device, i), under: under, minor: notMade}
		a.Gates = append(a.Gates, g)
		a.later(g.remove)
		if err := g.make(); err != nil {
			return err
		}
		a.Members[i] = g.Node()
	}
	return nil
}

// make makes the device, as large as the member.
func (g *Gate) make() (err error) {
	if g.sectors, err = Sectors(g.under); err != nil {
		return err
	}
	err = RetryBusy(func() error { // mdadm may look at what the last test case has left on it
		dev, err := g.mapper.Make(g.name, "linear", g.sectors, g.under+" 0")
		g.minor = unix.Minor(dev)
		return err
	})
	if err != nil {
		g.minor = notMade
		return err
	}
	return WaitForNode(g.Node())
}

// KernelName returns the gate's name in sysfs.
func (g *Gate) KernelName() string { return fmt.Sprintf("dm-%d", g.minor) }

// Node returns the gate's node.
func (g *Gate) Node() string { return "/dev/" + g.KernelName() }

// Under returns the node of the disk behind the gate.
func (g *Gate) Under() string { return g.under }

// Shut has all I/O wait that comes from now on.
func (g *Gate) Shut() error {
	g.shut = true
	return g.mapper.Suspend(g.name)
}

// Open lets it go on.
func (g *Gate) Open() error {
	g.shut = false
	return g.mapper.Resume(g.name)
}

// Break has all I/O fail from now on, what has been waiting first.
func (g *Gate) Break() error {
	g.shut = false
	return g.mapper.Reload(g.name, "error", g.sectors, "")
}

// BreakWrites has writes and flushes fail from now on.
func (g *Gate) BreakWrites() error {
	g.shut = false
	return g.mapper.Reload(g.name, "flakey", g.sectors, g.under+" 0 0 60 1 error_writes")
}

// DelayFlushes has flushes take so long from now on; everything else passes at once
// (Documentation/admin-guide/device-mapper/delay.rst).
func (g *Gate) DelayFlushes(d time.Duration) error {
	at := g.under + " 0 "
	return g.mapper.Reload(g.name, "delay", g.sectors, fmt.Sprint(at, 0, " ", at, 0, " ", at, d.Milliseconds()))
}

// Mend ends any of these.
func (g *Gate) Mend() error { return g.mapper.Reload(g.name, "linear", g.sectors, g.under+" 0") }

// OpenGates opens those gates that are shut.
func (a *Array) OpenGates() error {
	for _, g := range a.Gates {
		if g.shut {
			if err := g.Open(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ShutGates shuts all gates.
func (a *Array) ShutGates() error { return a.eachGate((*Gate).Shut) }

// BreakGates has all members fail at one moment: until the last does, I/O waits there.
func (a *Array) BreakGates() error {
	return Steps(a.ShutGates, func() error { return a.eachGate((*Gate).Break) })
}

// DelayFlushes has all flushes of members take so long.
func (a *Array) DelayFlushes(d time.Duration) error {
	return a.eachGate(func(g *Gate) error { return g.DelayFlushes(d) })
}

// MendGates has all members work again.
func (a *Array) MendGates() error { return a.eachGate((*Gate).Mend) }

func (a *Array) eachGate(do func(*Gate) error) error {
	for _, g := range a.Gates {
		if err := do(g); err != nil {
			return fmt.Errorf("gate of %s: %w", g.under, err)
		}
	}
	return nil
}

// remove removes the gate, once the array and udevd have released it.
func (g *Gate) remove() error {
	if g.minor == notMade {
		return nil
	}
	return Retry(func() error { return g.mapper.Remove(g.name) })
}
