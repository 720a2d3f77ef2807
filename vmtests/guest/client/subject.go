// SPDX-License-Identifier: BSD-3-Clause

package client

import (
	"context"
	"fmt"
	"math/rand/v2"

	"mdlife/vmtests/guest/array"
)

// subject is an array of the loop.
type subject struct {
	*array.Array
	recipe array.Recipe
}

// subject chooses what an array is.
func (l *loop) subject(ctx context.Context, rng *rand.Rand, slot int) *subject {
	p := l.personalities[rng.IntN(len(l.personalities))]
	kinds := p.Metadata()
	s := &subject{Array: array.Describe(ctx, p, array.PlaceMinor(slot), array.PlaceDisks(slot))}
	s.recipe = array.Recipe{Metadata: kinds[rng.IntN(len(kinds))], Bitmap: p.Redundant() && rng.IntN(2) == 0}
	if s.recipe.Metadata != "0.90" && rng.IntN(2) == 0 { // which has no room for a name
		s.MakeByName(fmt.Sprintf("loop%d", slot))
	}
	return s
}

// write writes to the kernel's node, whether the array seems to be there or not.
func (s *subject) write() error { return s.Data.Write(s.KernelDev()) }

func (s *subject) verify() error { return s.Data.Verify(s.KernelDev()) }

// action is something that can happen to an array between its creation and its stop.
type action struct {
	name string
	can  func(*subject) bool
	do   func(*loop, *subject) error
}

// actions returns all that can happen.
func actions() []action {
	all := []action{
		{"monitor", always, func(_ *loop, s *subject) error { return s.Monitor() }},
		{"fail and re-add", isRedundant, func(_ *loop, s *subject) error {
			return array.Steps(s.LoseMembers, func() error { return s.PutBack(s.recipe.Bitmap) })
		}},
		{"grow", canGrow, func(_ *loop, s *subject) error {
			if err := s.GrowByOne(); err != nil {
				return err
			}
			s.Personality.Disks++
			return nil
		}},
	}
	for _, way := range array.Assemblies() {
		all = append(all, action{"assemble " + way.Name, always, func(l *loop, s *subject) error { return l.assemble(s, way) }})
	}
	return all
}

func always(*subject) bool        { return true }
func isRedundant(s *subject) bool { return s.Personality.Redundant() }

// canGrow wants no bitmap: mdadm would have to take it off and put it on again.
func canGrow(s *subject) bool {
	return s.Personality.Grows(s.recipe.Metadata) && !s.recipe.Bitmap && s.Personality.Disks < array.DisksEach
}

// assemble stops the array, and has mdadm find it again in this way.
func (l *loop) assemble(s *subject, way array.Assembly) error {
	uuid, err := s.UUID()
	if err != nil {
		return err
	}
	if !l.stop(s) {
		return nil // which counts already
	}
	return way.Do(s.Array, uuid)
}
