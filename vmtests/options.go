// SPDX-License-Identifier: BSD-3-Clause

// Package vmtests is the host's side of the tests: it builds kernels and the initramfs, boots
// guests with a plan, and collects their reports, which package verdict judges and package
// report prints. The tests themselves run inside the guests: see vmtests/guest.
package vmtests

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mdlife/internal/progress"
	"mdlife/kernel"
	"mdlife/kernel/series"
	"mdlife/vmtests/vm"
)

// How long each guest races by default, all races together.
const (
	DefaultRace = 10 * time.Second
	QuickRace   = 3 * time.Second
)

// Options says what to compare and how.
type Options struct {
	Root       string        // the repository's root directory; see [FindRoot]
	Base       kernel.Base   // what to patch
	Series     []string      // what to patch it with: parts of its series; none: all of them
	Userspace  string        // release of Debian whose mdadm and udevd guests have; "": Base's
	Tree       string        // a developer's tree to compare with Base as it stands, instead of Base with the series; or ""
	Debug      bool          // boot the debug variant (KASAN, PROVE_LOCKING …) as the patched kernel
	Race       time.Duration // racing time of each guest; 0: [DefaultRace], or [QuickRace]
	Quick      bool          // QuickRace, fewer cycles of the mdadm loop, no checks
	Long       bool          // with the checks that take long
	Seed       uint64        // of the races; 0: a new one
	Accel      *vm.Choice    // what executes the guests' instructions; nil: whichever truly runs a guest
	Append     []string      // more kernel parameters
	Sequential bool          // boot the patched kernel after the unpatched one, not beside it
	Out        string        // where results go; "": Root/out/<base>
	Command    string        // of mdlife, for example "arrays": its results go to Out/<command>
	comparing  bool          // it is a comparison, whose results go to Out
	Progress   *progress.Tracker
}

// FindRoot returns the root of the repository that holds the working directory.
func FindRoot() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), "module mdlife\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside mdlife's repository: run mdlife there", wd)
		}
	}
}

// PatchDir returns the directory of a base's series in the repository.
func PatchDir(root string, base kernel.Base) string {
	return filepath.Join(root, "patches", base.Name)
}

// Parts returns the parts of the base's series that were asked for, in order.
func (o Options) Parts() ([]series.Part, error) {
	return series.Parts(PatchDir(o.Root, o.Base), o.Series...)
}

// CheckTree reports whether dir looks like a kernel tree whose md can be built.
func CheckTree(dir string) error {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return fmt.Errorf("there is no directory %q", dir)
	}
	for _, file := range []string{"Makefile", "Kconfig", "drivers/md/md.c", "block/bdev.c"} {
		_, err := os.Stat(filepath.Join(dir, file))
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is no kernel tree of version 5.15 or later: it has no %s", dir, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// race is the racing time that the options ask for.
func (o Options) race() time.Duration {
	switch {
	case o.Race > 0:
		return o.Race
	case o.Quick:
		return QuickRace
	default:
		return DefaultRace
	}
}

// Results is the directory for a command's results and its guests' consoles. A comparison's
// are in [Options.ComparisonResults], those of each other command in a directory of its own
// there.
func (o Options) Results() string {
	if o.comparing {
		return o.ComparisonResults()
	}
	return filepath.Join(o.ComparisonResults(), cmp.Or(o.Command, "other"))
}

// ComparisonResults is the directory for a comparison's results.
func (o Options) ComparisonResults() string {
	return cmp.Or(o.Out, filepath.Join(o.Root, "out", o.Base.Name))
}

// ClaimedCases returns the test cases of arrays that some patch of the series is claimed to be what it takes.
func (o Options) ClaimedCases() (names []string, err error) {
	parts, err := o.Parts()
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		claims, err := series.LoadClaims(part.Dir)
		if err != nil {
			return nil, err
		}
		for test, patch := range claims {
			if name, ok := strings.CutPrefix(test, arrayPrefix); ok && patch > 0 {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}
