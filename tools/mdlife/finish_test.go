// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"mdlife/vmtests/report"
	"mdlife/vmtests/verdict"
)

// testCommand is a command of mdlife with flags of every kind, as a user called it.
func testCommand(t *testing.T, args ...string) (*cobra.Command, *bytes.Buffer) {
	t.Helper()
	root := &cobra.Command{Use: "mdlife"}
	cmd := &cobra.Command{Use: "arrays", RunE: func(*cobra.Command, []string) error { return nil }}
	cmd.Flags().StringSlice("only", []string{"all"}, "")
	cmd.Flags().String("append", "", "")
	cmd.Flags().Bool("quick", false, "")
	cmd.Flags().Uint64("seed", 0, "")
	root.AddCommand(cmd)
	root.SetArgs(append([]string{"arrays"}, args...))
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.SetOut(&out)
	return cmd, &out
}

// TestAgain: the line has the flags that were given, as a shell takes them, and the seed.
func TestAgain(t *testing.T) {
	for want, args := range map[string][]string{
		"mdlife arrays -seed 7":                                     nil,
		"mdlife arrays -only raid1,raid5 -quick -seed 7":            {"--quick", "--only", "raid1", "--only", "raid5", "--seed", "3"},
		"mdlife arrays -append 'a b=it'\\''s' -quick=false -seed 7": {"--append", "a b=it's", "--quick=false"},
	} {
		cmd, _ := testCommand(t, args...)
		if got := again(cmd, 7); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	cmd, _ := testCommand(t)
	if got := again(cmd, 0); got != "mdlife arrays" {
		t.Errorf("without a seed: %q", got)
	}
}

// outcome is an outcome with one result.
func outcome(ok bool) verdict.Outcome {
	o := report.Run{Command: "arrays", Base: "6.1", Seed: 7}.Results("Title", "suite", []verdict.Result{{Name: "a", OK: ok, Detail: "seen"}})
	o.Conclude()
	return o
}

// TestFinish: the files are there, the last line is the word, and the error says whether it
// is a pass.
func TestFinish(t *testing.T) {
	for _, word := range []verdict.Status{verdict.Pass, verdict.Fail, verdict.NoPower} {
		cmd, out := testCommand(t)
		dir := t.TempDir()
		wrote, ok := false, word == verdict.Pass
		o := outcome(ok)
		o.Verdict = word
		err := finish(cmd, dir, o, func(o verdict.Outcome) error { wrote = o.Again != "" && len(o.Files) == 2; return nil })
		if (err == nil) != ok || !ok && !errors.Is(err, errVerdict) || !wrote {
			t.Errorf("%s: error %v, also wrote: %v", word, err, wrote)
		}
		if text := out.String(); !strings.HasSuffix(text, "\nAgain: mdlife arrays -seed 7\n"+string(word)+"\n") {
			t.Errorf("%s: %s", word, text)
		}
		for _, name := range []string{report.OutcomeFile, report.JUnitFile} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFinishWithoutRoom: where the files cannot be written, the verdict is printed all the
// same, and the error says which file.
func TestFinishWithoutRoom(t *testing.T) {
	cmd, out := testCommand(t)
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := finish(cmd, dir, outcome(true))
	if err == nil || errors.Is(err, errVerdict) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v does not name %s", err, dir)
	}
	if !strings.HasSuffix(out.String(), "\nPASS\n") {
		t.Errorf("no verdict in %s", out)
	}
}

// TestFinishEarly: what was tried before an error is printed, and is no pass.
func TestFinishEarly(t *testing.T) {
	cmd, out := testCommand(t)
	problem := errors.New("no space")
	dir := t.TempDir()
	if err := finishEarly(cmd, dir, outcome(true), problem); !errors.Is(err, problem) {
		t.Errorf("error %v", err)
	}
	if text := out.String(); !strings.Contains(text, "seen") || !strings.Contains(text, "ended early: no space") || !strings.HasSuffix(text, "\nFAIL\n") {
		t.Errorf("%s", text)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, report.OutcomeFile)); err != nil || !strings.Contains(string(kept), `"verdict": "FAIL"`) {
		t.Errorf("%v: %s", err, kept)
	}
	cmd, out = testCommand(t)
	if err := finishEarly(cmd, dir, verdict.Outcome{}, problem); !errors.Is(err, problem) || out.Len() > 0 {
		t.Errorf("with nothing tried: error %v, printed %q", err, out)
	}
}

func TestCommandName(t *testing.T) {
	boot, _, err := newRoot().Find([]string{"raid6", "boot"})
	if err != nil {
		t.Fatal(err)
	}
	if got := commandName(boot); got != "raid6-boot" {
		t.Errorf("got %q", got)
	}
}
