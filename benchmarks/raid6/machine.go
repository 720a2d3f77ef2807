// SPDX-License-Identifier: BSD-3-Clause

package raid6

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"mdlife/internal/proc"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"
)

// Machine is where a run took place, and with what.
type Machine struct {
	CPU       string `json:"cpu"`
	Family    int    `json:"family"`
	Model     int    `json:"model"`
	GFNI      bool   `json:"gfni"`
	AVX512    bool   `json:"avx512"`
	Hyper     string `json:"hypervisor,omitempty"`
	L2Bytes   int    `json:"l2_bytes"`
	L3Bytes   int    `json:"l3_bytes"`
	FreeBytes int    `json:"free_bytes"`
	Kernel    string `json:"kernel"`
	Compiler  string `json:"compiler"`
	Commit    string `json:"commit"`
	Base      string `json:"base"`
}

func machine(ctx context.Context, c Config) Machine {
	cpu := cpuid.CPU
	m := Machine{CPU: cpu.BrandName, Family: cpu.Family, Model: cpu.Model, GFNI: cpu.Has(cpuid.GFNI),
		AVX512: cpu.Has(cpuid.AVX512F), Base: c.Base.Name, L2Bytes: cacheBytes(2, 1<<20), L3Bytes: cacheBytes(3, 32<<20)}
	if cpu.Has(cpuid.HYPERVISOR) {
		m.Hyper = cpu.HypervisorVendorString
	}
	var si unix.Sysinfo_t
	if unix.Sysinfo(&si) == nil {
		m.FreeBytes = int(si.Freeram+si.Bufferram) * int(si.Unit)
	}
	if n, ok := memAvailable(); ok {
		m.FreeBytes = n
	}
	m.Kernel = firstLine(ctx, proc.Command("uname", "-sr"))
	m.Compiler = firstLine(ctx, proc.Command("gcc", "--version"))
	m.Commit = firstLine(ctx, proc.ReadGit(c.Root, "describe", "--always", "--dirty", "--abbrev=12"))
	return m
}

// firstLine returns the first line that a command prints, "" if it fails.
func firstLine(ctx context.Context, cmd *exec.Cmd) string {
	out, err := proc.Output(ctx, cmd)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// cacheBytes is the size of CPU 0's cache of a level, or what is usual.
func cacheBytes(level, usual int) int {
	dirs, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*")
	for _, dir := range dirs {
		got, _ := os.ReadFile(filepath.Join(dir, "level"))
		size, err := os.ReadFile(filepath.Join(dir, "size"))
		if err != nil || strings.TrimSpace(string(got)) != strconv.Itoa(level) {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(size)), "K")); err == nil {
			return n << 10
		}
	}
	return usual
}

var availableLine = regexp.MustCompile(`(?m)^MemAvailable: *(\d+) kB$`)

func memAvailable() (int, bool) {
	text, _ := os.ReadFile("/proc/meminfo")
	m := availableLine.FindSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(string(m[1]))
	return n << 10, err == nil
}
