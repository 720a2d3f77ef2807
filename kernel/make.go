// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"mdlife/internal/proc"
	"mdlife/internal/progress"
)

// maker runs make in a slot and logs what it prints.
type maker struct {
	slot   *slot
	jobs   int
	log    *os.File
	phase  *progress.Phase
	onLink func() // called when the kernel is being linked, if not nil

	mu    sync.Mutex // for what follows: two makes may run
	lines int        // printed so far
	total int        // expected; 0 if unknown
}

// linking begins what make prints from the kernel's first linking on. By then
// all objects are made, and the list of exported symbols is.
var linking = []byte(" .tmp_vmlinux")

// Write logs make's output and counts its lines, which are its steps.
func (m *maker) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onLink != nil && bytes.Contains(p, linking) {
		m.onLink()
	}
	m.lines += bytes.Count(p, []byte("\n"))
	m.phase.Step(m.lines, max(m.total, m.lines)*min(m.total, 1))
	return m.log.Write(p)
}

// run makes targets. A failure of make comes with the lines that matter.
func (m *maker) run(ctx context.Context, targets ...string) error {
	args := append([]string{"O=obj", fmt.Sprintf("-j%d", m.jobs)}, targets...)
	cmd := proc.Command("make", args...)
	cmd.Dir = m.slot.src()
	cmd.Env = MakeEnv(cmd.Env)
	cmd.Stdout, cmd.Stderr = m, m
	fmt.Fprintf(m.log, "# make %s\n", strings.Join(args, " "))
	err := proc.Run(ctx, cmd)
	if err == nil || ctx.Err() != nil {
		return err
	}
	text, _ := os.ReadFile(m.slot.log())
	if noSpace(text) {
		return fmt.Errorf("%w: no space left below %s; log: %s", errUnclean, m.slot.dir, m.slot.log())
	}
	if errors.Is(err, proc.ErrKilled) {
		return fmt.Errorf("%w: make %s: %w; log: %s", errUnclean, strings.Join(targets, " "), err, m.slot.log())
	}
	return fmt.Errorf("make %s failed:\n%s\nwhole log: %s", strings.Join(targets, " "), offending(text), m.slot.log())
}

// errUnclean marks ends of make after which files may be cut off.
var errUnclean = errors.New("build interrupted")

// noSpace reports whether a log tells of a full disk.
func noSpace(log []byte) bool {
	return bytes.Contains(log, []byte("No space left on device")) ||
		bytes.Contains(log, []byte("Disk quota exceeded"))
}

// MakeEnv is an environment for make, of the kernel's: what would change the kernel or belongs
// to a make around us is taken out, and what a build prints into the kernel is
// fixed, so that the same input gives the same kernel.
func MakeEnv(env []string) []string {
	var kept []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARCH", "SUBARCH", "CROSS_COMPILE",
			"CC", "LD", "AS", "HOSTCC", "LLVM", "O", "V", "C", "W", "M", "CFLAGS", "KCFLAGS", "KAFLAGS",
			"KCPPFLAGS", "LOCALVERSION", "SRCARCH", "GREP_OPTIONS":
			continue
		}
		if strings.HasPrefix(name, "KBUILD_") || strings.HasPrefix(name, "KCONFIG_") || strings.HasPrefix(name, "INSTALL_") {
			continue
		}
		kept = append(kept, v)
	}
	return append(kept, "LC_ALL=C", "ARCH=x86_64", "LOCALVERSION=",
		"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
		"KBUILD_BUILD_USER=mdlife", "KBUILD_BUILD_HOST=mdlife", "KBUILD_BUILD_VERSION=1")
}

// complaint matches the lines of a build log that say what is wrong.
var complaint = regexp.MustCompile(`(?i)^[^ ].*:\d+(:\d+)?: (fatal )?error:|: undefined reference to |^ld: |` +
	`No rule to make target|: command not found|error: `)

// offending returns at most ten lines of a log that name the errors, or else
// its last lines.
func offending(log []byte) string {
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	var found []string
	for _, line := range lines {
		if complaint.MatchString(line) {
			found = append(found, strings.TrimPrefix(line, "../"))
		}
	}
	if len(found) == 0 {
		return strings.Join(lines[max(0, len(lines)-10):], "\n")
	}
	if len(found) > 10 {
		more := fmt.Sprintf("and %d more", len(found)-10)
		found = append(found[:10], more)
	}
	return strings.Join(found, "\n")
}

// configure makes obj/.config from the smallest configuration and the symbols.
func (m *maker) configure(ctx context.Context, symbols []symbol) error {
	file := filepath.Join(m.slot.obj(), ".config")
	if err := m.run(ctx, "tinyconfig"); err != nil {
		return err
	}
	config, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, mergeConfig(config, symbols), 0o644); err != nil {
		return err
	}
	if err := m.run(ctx, "olddefconfig"); err != nil {
		return err
	}
	if config, err = os.ReadFile(file); err != nil {
		return err
	}
	return checkConfig(config, symbols)
}
