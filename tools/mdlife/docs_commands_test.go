// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"mvdan.cc/sh/v3/syntax"

	"mdlife/internal/proc"
	"mdlife/vmtests/guest/checks"
	"mdlife/vmtests/guest/windows"
)

// otherPrograms may stand in a block of commands and are not looked at further.
var otherPrograms = []string{"b4", "cat", "cd", "cp", "echo", "gdb", "git", "grep", "sed", "sudo"}

// TestDocsCommands: every command line of the pages and of the help texts can be typed:
// each block of commands ("```sh") and all inline code that begins with a program of ours.
func TestDocsCommands(t *testing.T) {
	pages := loadPages(t)
	c := newCommandLines(t)
	for _, p := range pages {
		for _, f := range p.fences {
			switch f.lang {
			case "sh":
				c.script(p.path, f.text)
			case "text", "diff", "mermaid": // output, and pictures
			default:
				t.Errorf("%s: a block is neither sh nor text, but %q: %.40q", p.path, f.lang, f.text)
			}
		}
		for _, span := range p.spans {
			if isOurs(span) {
				c.script(p.path, span)
			}
		}
	}
	if c.seen < 100 {
		t.Errorf("only %d command lines were found", c.seen)
	}
}

// isOurs reports whether inline code is a command line, and not just a name.
func isOurs(span string) bool {
	for _, program := range []string{"make ", "mdlife ", "mdguest ", "mdstress ", "out/bin/", "go run ", "go test "} {
		if strings.HasPrefix(span, program) {
			return true
		}
	}
	return false
}

// commandLines checks command lines without carrying them out.
type commandLines struct {
	t    *testing.T
	root string // the repository
	tree string // stands in for a reader's kernel tree
	seen int
}

func newCommandLines(t *testing.T) *commandLines {
	t.Helper()
	c := &commandLines{t: t, root: repository(t), tree: t.TempDir()}
	for _, file := range []string{"Makefile", "Kconfig", "drivers/md/md.c", "block/bdev.c"} {
		writeAll(t, c.tree, map[string]string{file: ""})
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Chdir(t.TempDir()) // where mdlife refuses to run, once it has checked its flags
	return c
}

// script checks all commands of a piece of shell, also those in pipes and $(…).
func (c *commandLines) script(where, text string) {
	c.t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(text), where)
	if err != nil {
		c.t.Errorf("%s: %q is no shell: %v", where, text, err)
		return
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			var words []string
			for _, w := range call.Args {
				words = append(words, plainWord(w))
			}
			c.seen++
			if err := c.command(words); err != nil {
				c.t.Errorf("%s: %s: %v", where, strings.Join(words, " "), err)
			}
		}
		return true
	})
}

// plainWord is a word of shell without its quotes.
func plainWord(w *syntax.Word) string {
	if lit := w.Lit(); lit != "" {
		return lit
	}
	var s strings.Builder
	_ = syntax.NewPrinter().Print(&s, w) // a strings.Builder takes everything
	return strings.Trim(s.String(), `"'`)
}

// command checks one command.
func (c *commandLines) command(words []string) error {
	program, args := words[0], words[1:]
	switch {
	case program == "make":
		return c.make(args)
	case program == "mdlife" || program == "out/bin/mdlife":
		return c.mdlife(args)
	case program == "go" && len(args) > 1 && args[0] == "run" && args[1] == "./tools/mdlife":
		return c.mdlife(args[2:])
	case program == "go":
		return c.goTool(args)
	case program == "sudo":
		return c.command(args)
	case program == "mdguest":
		return mdguest(args)
	case program == "echo" && len(args) == 1 && isOurs(args[0]): // for a guest's shell
		c.script("echo", args[0])
		return nil
	case program == "mdstress" || program == "out/bin/mdstress":
		return c.mdstress(args)
	case slices.Contains(otherPrograms, program):
		return nil
	case strings.HasPrefix(program, ".ci/"):
		_, err := os.Stat(filepath.Join(c.root, program))
		return err
	}
	return fmt.Errorf("no program %s is known", program)
}

// mdlife has a command check its flags and values. It then finds that it is outside of
// the repository, and does nothing.
func (c *commandLines) mdlife(args []string) error {
	args = slices.Clone(args)
	for i := range args {
		if i > 0 && args[i-1] == "-tree" {
			args[i] = c.tree
		}
	}
	root := newRoot()
	root.InitDefaultHelpCmd() // which cobra adds only to what it executes
	cmd, rest, err := root.Find(doubleDashes(args))
	if err != nil {
		return err
	}
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return unknownCommand(cmd, rest[0])
	}
	if cmd.Name() == "doctor" { // which has nothing to check, and looks at this machine
		return cmd.ParseFlags(rest)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	root.SetArgs(doubleDashes(args))
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	if err := root.ExecuteContext(ctx); err != nil && !strings.Contains(err.Error(), "not inside mdlife's repository") {
		return err
	}
	return c.mutants(cmd)
}

// mutants checks the names of mutants, which are files.
func (c *commandLines) mutants(cmd *cobra.Command) error {
	if cmd.Name() != "mutants" {
		return nil
	}
	names, err := cmd.Flags().GetStringSlice("only")
	base, err2 := cmd.Flags().GetString("base")
	if err != nil || err2 != nil {
		return fmt.Errorf("%v, %v", err, err2)
	}
	for _, name := range names {
		found, _ := filepath.Glob(filepath.Join(c.root, "patches", base, "*", "mutants", "*-"+name+".patch"))
		if len(found) == 0 {
			return fmt.Errorf("%s has no mutant %s", base, name)
		}
	}
	return nil
}

// make has make say what it would do, and checks that as well. A note says that a
// variable does nothing there.
func (c *commandLines) make(args []string) error {
	for i, arg := range args {
		name, _, isVariable := strings.Cut(arg, "=")
		if isVariable && !slices.Contains(makeVariables, name) {
			return fmt.Errorf("make takes no variable %s", name)
		}
		if name == "KERNEL_SRC" {
			args[i] = name + "=" + c.tree
		}
	}
	cmd := proc.Command("make", append([]string{"-n", "--no-print-directory", "-C", c.root}, args...)...)
	cmd.Env = append(cmd.Env, "MAKEFLAGS=", "KERNEL_SRC=")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "note: ") {
		return fmt.Errorf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "out/bin/mdlife "); ok {
			words = strings.NewReplacer(`"$KERNEL_SRC"`, c.tree, `"$SIGNOFF"`, "Ann<ann@example.org>").Replace(words)
			if err := c.mdlife(strings.Fields(words)); err != nil {
				return err
			}
		}
	}
	return nil
}

// goTool checks that the packages that a go command names are there.
func (c *commandLines) goTool(args []string) error {
	if len(args) == 0 || !slices.Contains([]string{"build", "run", "test", "vet"}, args[0]) {
		return fmt.Errorf("want go build, run, test or vet")
	}
	for _, arg := range args[1:] {
		if dir, ok := strings.CutPrefix(arg, "./"); ok {
			if _, err := os.Stat(filepath.Join(c.root, strings.TrimSuffix(dir, "..."))); err != nil {
				return err
			}
		}
	}
	return nil
}

// mdguest checks the names of checks and windows.
func mdguest(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want checks, windows or plan")
	}
	switch args[0] {
	case "checks":
		for _, name := range args[1:] {
			if !checks.Known(name) {
				return fmt.Errorf("no check is called %s", name)
			}
		}
		return nil
	case "windows":
		return windows.Check(slices.DeleteFunc(slices.Clone(args[1:]), func(s string) bool { return s == "-help" }))
	case "plan":
		return nil
	}
	return fmt.Errorf("mdguest has no %s", args[0])
}

// mdstress checks the names of flags against the program's source.
func (c *commandLines) mdstress(args []string) error {
	source, err := os.ReadFile(filepath.Join(c.root, "tools/mdstress/main.go"))
	if err != nil {
		return err
	}
	for _, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "-")
		if isFlag && name != "help" && !strings.Contains(string(source), `"`+name+`"`) {
			return fmt.Errorf("mdstress has no flag %s", arg)
		}
	}
	return nil
}
