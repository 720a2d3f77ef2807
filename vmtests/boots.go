// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import (
	"context"
	"fmt"
	"time"

	"mdlife/initramfs"
	"mdlife/vmtests/event"
	"mdlife/vmtests/guest/arrays"
	"mdlife/vmtests/verdict"
)

// DefaultBoots is how many guests a kernel gets for arrays' test cases, one after the other: a
// test case that ends its guest costs one, or two where others ran beside it.
const DefaultBoots = 20

// runCells has a kernel run arrays' test cases in one guest, and in others after it as long as
// one has left something: see [course].
func (o Options) runCells(ctx context.Context, a Artefact, image initramfs.Image, plan event.Plan, most int) (verdict.Guest, error) {
	all, err := arrays.Turns(plan.Cells, plan.Repeat)
	if err != nil {
		return verdict.Guest{}, err
	}
	c := newCourse(all)
	r := boots{most: most, limit: timeout(plan, a.Slow), least: bootAllow * time.Duration(a.Slow),
		run: func(ctx context.Context, plan event.Plan, b boot) (verdict.Guest, error) {
			return o.runGuest(ctx, a, image, plan, b)
		},
		note: func(text string) { o.Progress.Printf("    note  %s: %s", a.Label, text) },
	}
	return r.all(ctx, c, plan)
}

// boots boots guests for a kernel's test cases, one after the other.
type boots struct {
	most  int           // of them
	limit time.Duration // all together
	least time.Duration // that must be left for another one

	run  func(context.Context, event.Plan, boot) (verdict.Guest, error)
	note func(string) // tells the user why there is another one
}

// all boots guests until all test cases have their results, or no more guests may be booted. An
// error is of this machine, or says that ctx was cancelled.
func (r boots) all(ctx context.Context, c *course, plan event.Plan) (verdict.Guest, error) {
	for took := time.Duration(0); ; {
		b := boot{nth: len(c.guests) + 1, left: r.limit - took}
		g, err := r.run(ctx, c.plan(plan), b)
		if err != nil {
			return verdict.Guest{}, err
		}
		before := c.left()
		c.take(g)
		took += time.Duration(g.Wall * float64(time.Second))
		if c.left() == 0 {
			break
		}
		if why := r.ends(c, plan, before, took); why != "" {
			c.giveUp(why)
			break
		}
		r.note(c.another())
	}
	return c.guest(plan), nil
}

// ends says why there is no other guest although something is left, "" if there is one.
func (r boots) ends(c *course, plan event.Plan, before int, took time.Duration) string {
	_, err := c.plan(plan).Encode()
	switch {
	case c.left() == before:
		return fmt.Sprintf("boot %d came to none of the test cases that were left", len(c.guests))
	case len(c.guests) >= r.most:
		return fmt.Sprintf("-boots %d allows no other boot", r.most)
	case r.limit-took < r.least:
		return fmt.Sprintf("the %v that a kernel has for all boots are over", r.limit)
	case err != nil:
		return err.Error()
	}
	return ""
}
