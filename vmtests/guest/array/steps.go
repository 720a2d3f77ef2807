// SPDX-License-Identifier: BSD-3-Clause

package array

import "fmt"

// Steps makes calls that depend on each other, one after the other: the first that fails is
// the last.
func Steps(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Step returns a step with a name, which is what the array is doing until the next one with
// a name, made of others.
func (a *Array) Step(name string, steps ...func() error) func() error {
	return func() error {
		a.step.Store(&name)
		return Steps(steps...)
	}
}

// Do carries out a step with a name, made of others.
func (a *Array) Do(name string, steps ...func() error) error { return a.Step(name, steps...)() }

// Doing returns the name of the step under way.
func (a *Array) Doing() string {
	if name := a.step.Load(); name != nil {
		return *name
	}
	return "start"
}

// Mdadm returns the step of running mdadm.
func (a *Array) Mdadm(args ...string) func() error {
	return func() error { return a.RunMdadm(args...) }
}

// Prefixed returns a step whose error begins with some words.
func Prefixed(words string, step func() error) func() error {
	return func() error {
		if err := step(); err != nil {
			return fmt.Errorf("%s: %w", words, err)
		}
		return nil
	}
}
