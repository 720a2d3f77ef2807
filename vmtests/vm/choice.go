// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Choice decides, once for all guests of a command, which accelerator they run on. It may be
// used by several goroutines. A nil Choice has no wish: it takes KVM where it truly runs
// a guest, and TCG elsewhere.
type Choice struct {
	wish  Accel
	probe func(ctx context.Context, kernelImage, initramfs string) (Probe, error) // probeHost, but for tests

	mu    sync.Mutex // also keeps two guests that start at once from trying the same
	accel Accel      // what holds for all further guests; "" until that is known
	noted bool
}

// Choose returns the choice that a user's wish makes: "", KVM or TCG. Where KVM is wished for
// and known not to work here, or does not run a boot sector, it is an error.
func Choose(ctx context.Context, wish Accel) (*Choice, error) {
	c := Fixed(wish)
	if wish != KVM {
		return c, nil
	}
	_, _, err := c.Decide(ctx, "", "") // what is known already need not wait for a kernel
	return c, err
}

// Fixed returns a choice of a, which only KVM has to be asked about.
func Fixed(a Accel) *Choice { return &Choice{wish: a, probe: probeHost} }

// Wish returns what was wished for, "" for nothing in particular.
func (c *Choice) Wish() Accel {
	if c == nil {
		return ""
	}
	return c.wish
}

// Decide returns the accelerator for a guest. It tries KVM with this kernel and initramfs if
// KVM is a candidate and has not run a kernel on this machine before; without a kernel ("")
// it tries a boot sector only. KVM is refused where it was wished for and does not run the
// kernel: a verdict over guests that cannot run says nothing. A note says why emulation was
// chosen; it is returned once.
func (c *Choice) Decide(ctx context.Context, kernelImage, initramfs string) (a Accel, note string, err error) {
	if c == nil {
		c = Fixed("")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accel != "" {
		return c.accel, "", nil
	}
	p, err := c.ask(ctx, kernelImage, initramfs)
	if err != nil {
		return "", "", err
	}
	if p.settled() && !p.Neither {
		c.accel = p.Accel
	}
	if !c.noted {
		note, c.noted = p.Note, p.Note != ""
	}
	return p.Accel, note, nil
}

// ask answers without regard to what has been answered before.
func (c *Choice) ask(ctx context.Context, kernelImage, initramfs string) (Probe, error) {
	env, err := environment()
	switch {
	case c.wish == "" && (env != "" || err != nil):
		return Probe{Accel: env, Booted: true, Note: "MDLIFE_ACCEL says so"}, err
	case c.wish == "":
		return c.probe(ctx, kernelImage, initramfs)
	case c.wish != KVM || env == KVM: // taken at its word
		return Probe{Accel: c.wish, Booted: true}, c.wish.check()
	}
	p, err := c.probe(ctx, kernelImage, initramfs)
	if err == nil {
		err = p.refusal()
	}
	p.Accel, p.Note = KVM, "" // where no accelerator boots the kernel, that is not KVM's fault
	return p, err
}

// environment returns the accelerator that MDLIFE_ACCEL names, "" for none.
func environment() (Accel, error) {
	a := Accel(os.Getenv("MDLIFE_ACCEL"))
	if a == "" {
		return "", nil
	}
	if err := a.check(); err != nil {
		return "", fmt.Errorf("MDLIFE_ACCEL: %w", err)
	}
	return a, nil
}

// ProbeAccel returns what would be chosen without a wish. It tries a boot sector and no
// kernel; guests must ask a [Choice].
func ProbeAccel(ctx context.Context) (Probe, error) { return Fixed("").ask(ctx, "", "") }
