// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDoubleDashes(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"kernel -base 6.1 -variant=patched", "kernel --base 6.1 --variant=patched"},
		{"vmtest --quick -h", "vmtest --quick -h"},
		{"shell -- -append x", "shell -- -append x"},
		{"race -seed -5 -", "race --seed -5 -"},
	} {
		if got := doubleDashes(strings.Fields(tc.in)); !slices.Equal(got, strings.Fields(tc.want)) {
			t.Errorf("%q: got %q", tc.in, got)
		}
	}
}

// runCLI carries out a command line and returns its code and output.
func runCLI(t *testing.T, line string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), strings.Fields(line), &out, &errs)
	return code, out.String(), errs.String()
}

func TestMistakesGetOneLineAndExitTwo(t *testing.T) {
	for line, want := range map[string]string{
		"frobnicate":                      `unknown command "frobnicate"`,
		"help frobnicate":                 `unknown command "frobnicate"; mdlife has arrays, bench, `,
		"help raid6 frobnicate":           `unknown command "frobnicate"; mdlife raid6 has bench, boot, check`,
		"raid6 frobnicate":                `unknown command "frobnicate"; mdlife raid6 has bench, boot, check`,
		"kernel -bse 6.1":                 "unknown flag -bse",
		"kernel -base 5.99":               "5.99",
		"kernel -variant best":            "best",
		"kernel 6.1":                      `takes no argument "6.1"`,
		"vmtest -race soon":               "soon",
		"vmtest -race 0s":                 "-race",
		"vmtest -race 10h":                "-race",
		"vmtest -accel warp":              "warp",
		"vmtest -tree /does/not/exist":    "/does/not/exist",
		"vmtest -tree /etc":               "/etc",
		"race -stop bomb":                 "bomb",
		"race -kernels unpatched,odd":     "odd",
		"windows -kernels odd":            "odd",
		"race -openers 0":                 "-openers",
		"race -members 1":                 "-members",
		"bench -what speed":               "speed",
		"bench -rounds 0":                 "-rounds",
		"shell -variant best":             "best",
		"check -base 7":                   "7",
		"shell -cpus 0":                   "-cpus",
		"rebase -base 7":                  "7",
		"rebase -tree /etc":               "unknown flag -tree",
		"rebase -continue -from 7.2":      "-from",
		"rebase -continue":                "name it, as -series ",
		"rebase -work /tmp/x":             "name it, as -series ",
		"check -series odd":               `-series odd: `,
		"check -series all,odd":           `has no part "all"; there are `,
		"vmtest -series odd":              `has no part "odd"; there are `,
		"kernel -series=":                 "-series: want a name",
		"mutants -series odd,":            "-series: want a name",
		"run -tests=":                     "-tests",
		"run -tests R99":                  "no test is called R99",
		"run -tests race-sys":             "race-sysfs",
		"run -tests window-W99":           "no window is called W99",
		"windows -only W1,W99":            "no window is called W99",
		"windows -only W7":                "wants md as modules: -kernels modular",
		"run -tests R17":                  "wants md as modules: -variant modular",
		"matrix -bases 6.1,foo":           `mdlife: -bases: no base "foo"`,
		"vmtest -userspace potato":        `mdlife: -userspace: no userspace "potato"; known releases of Debian: bookworm, trixie, sid`,
		"matrix -userspace 12":            `known releases of Debian: bookworm, trixie, sid`,
		"arrays -userspace=":              "-userspace: no userspace",
		"kernel -userspace sid":           "unknown flag -userspace",
		"race -seed abc":                  "mdlife: -seed abc: want a number\n",
		"soak -minutes abc":               "mdlife: -minutes abc: want a number\n",
		"race -race 30":                   "mdlife: -race 30: want a duration such as 30s\n",
		"race -seed":                      "mdlife: -seed: want a number\n",
		"run -variant foo":                "want one of unpatched (or base), patched",
		"kernel -append x=1":              "unknown flag -append",
		"kernel -tree /x -variant base":   "-tree /x -variant base: the unpatched kernel is the base's",
		"run -variant unpatched -tree /x": "leave one of the flags out",
		"raid6 bench -reference foo":      "mdlife: -reference foo: want one of int64x1, ",
		"power -kernels patched":          "unknown flag -kernels, but there is -variant;",
		"race -variant patched":           "unknown flag -variant, but there is -kernels;",
		"run -tests=R1,":                  "-tests",
		"windows -only=":                  "-only",
		"mutants -only=":                  "-only",
		"matrix -bases=":                  "-bases",
	} {
		code, out, errs := runCLI(t, line)
		if code != exitUsage || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, want) {
			t.Errorf("mdlife %s: exit %d, stdout %q, stderr %q; want exit 2 and one line with %q", line, code, out, errs, want)
		}
	}
}

func TestHelpHasExamples(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		if cmd.IsAdditionalHelpTopicCommand() {
			continue
		}
		code, out, _ := runCLI(t, cmd.Name()+" --help")
		if code != exitOK || !strings.Contains(out, "Examples:") || !strings.Contains(out, "mdlife "+cmd.Name()) {
			t.Errorf("mdlife %s --help: exit %d, no examples in %q", cmd.Name(), code, out)
		}
	}
}

func TestHelpCommand(t *testing.T) {
	for line, want := range map[string]string{"help": "Available Commands:", "help raid6 check": "mdlife raid6 check [flags]"} {
		if code, out, _ := runCLI(t, line); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("mdlife %s: exit %d, no %q in %q", line, code, want, out)
		}
	}
}

func TestInterruptedSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	code := run(ctx, []string{"kernel", "-variant", "base"}, &out, &errs)
	if code != exitInterrupted || !strings.Contains(errs.String(), "interrupted") || out.Len() != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

func TestIsUsageSeesThroughWrapping(t *testing.T) {
	if !isUsage(errors.Join(errors.New("x"), usagef("bad"))) || isUsage(errors.New("bad")) {
		t.Error("isUsage")
	}
}

// TestEnvironmentTopic: the variables are where one looks for them.
func TestEnvironmentTopic(t *testing.T) {
	var out bytes.Buffer
	if code := run(t.Context(), []string{"help", "environment"}, &out, &out); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	for _, name := range []string{"MDLIFE_QEMU", "MDLIFE_ACCEL", "XDG_CACHE_HOME"} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("no %s in %s", name, out.String())
		}
	}
	out.Reset()
	if run(t.Context(), []string{"--help"}, &out, &out); !strings.Contains(out.String(), "environment") {
		t.Errorf("mdlife --help does not mention the topic:\n%s", out.String())
	}
}
