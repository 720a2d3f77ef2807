// SPDX-License-Identifier: BSD-3-Clause

package proc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the top of the project, from this package's directory.
const root = "../.."

// eachFile calls f for every Go file of the project but those of this package.
func eachFile(t *testing.T, f func(path string, fset *token.FileSet, file *ast.File)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || name == "out" || name == "internal/proc") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		f(name, fset, file)
		return nil
	})
	if err != nil || files < 200 {
		t.Fatalf("%d files: %v", files, err)
	}
}

// runsGit matches a string that names git as a program, or begins a command of it, alone or
// in a line for a shell.
var runsGit = regexp.MustCompile(`(?m)(^|[;&|(/]) *git( |$)`)

// noCommands are the strings that only look as if they ran git, by file, with the reason.
var noCommands = map[string]struct {
	why     string
	strings []string
}{
	"kernel/build_test.go":               {"tools in an empty PATH", []string{"git"}},
	"kernel/plan_tree_test.go":           {"a test's name", []string{"git tree"}},
	"kernel/post/post_test.go":           {"a tool in a PATH", []string{"git"}},
	"kernel/prereq.go":                   {"tools to require", []string{"git"}},
	"kernel/rebase/repo.go":              {"tells what to type", []string{"%s holds changes that are not committed; git commit --amend or git restore them there"}},
	"kernel/series/am.go":                {"error texts, and a name in the memory", []string{"git am", "git am: %w", "git am: %v: %s", "git %s: %w: %s"}},
	"kernel/series/am_test.go":           {"an error text", []string{"git am: missing tools: apt-get install git"}},
	"kernel/series/stage_test.go":        {"an error text", []string{"git apply left the patch out"}},
	"kernel/source/tree_test.go":         {"an error text", []string{"git %v: %q, %v"}},
	"tools/mdlife/docs_commands_test.go": {"programs that the pages may name", []string{"git"}},
	"tools/mdlife/post.go": {"tells what to type",
		[]string{"  git send-email --no-thread --to-cmd=true --dry-run %s\n", "  git send-email --no-thread --to-cmd=true %s\n"}},
	"tools/mdlife/spdx_test.go": {"error texts", []string{"git ls-files (apt-get install git): %v", "git lists %d files"}},
}

// TestOnlyProcRunsGit makes sure that every git command goes through
// [proc.ScratchGit] or [proc.ReadGit], which keep it from the caller's repository:
// no other package has a string that can run git.
func TestOnlyProcRunsGit(t *testing.T) {
	seen := map[string]bool{} // by file and string
	eachFile(t, func(path string, fset *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.CallExpr:
				return called(n) != "proc.Require"
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind != token.STRING || err != nil || !runsGit.MatchString(text) {
					return true
				}
				seen[path+text] = true
				if !slices.Contains(noCommands[path].strings, text) {
					t.Errorf("%s:%d: %s can run git by hand; use proc.ScratchGit or proc.ReadGit, or list it in noCommands", path, fset.Position(n.Pos()).Line, n.Value)
				}
			}
			return true
		})
	})
	for path, exception := range noCommands {
		for _, text := range exception.strings {
			if !seen[path+text] {
				t.Errorf("%s (%s) has no %q any more; take it out of the list", path, exception.why, text)
			}
		}
	}
}

// starters are the places outside of this package that may start a process
// themselves, with the reason.
var starters = map[string]string{
	"vmtests/guest/":     "runs in the guest",
	"initramfs/console/": "runs in the guest",
	"vmtests/vm/":        "QEMU, which is led over its sockets, and ends with its own supervision",
	"benchmarks/boot.go": "QEMU, which is killed at its first line, and has no children",
}

// starts reports whether a name of a package can start a process.
func starts(pkg, name string) bool {
	switch pkg {
	case "os":
		return name == "StartProcess"
	case "syscall", "golang.org/x/sys/unix":
		return name == "StartProcess" || name == "ForkExec" || name == "Exec"
	case "os/exec":
		return !slices.Contains([]string{"LookPath", "ErrNotFound", "Error", "ExitError"}, name)
	}
	return false
}

// importNames returns the packages that a file imports by the names that it has for them.
func importNames(file *ast.File) map[string]string {
	imported := map[string]string{}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = path
	}
	return imported
}

// startsIn returns the places in a file that can start a process. A pointer to an exec.Cmd is
// none, for proc.Command has made what it points to.
func startsIn(file *ast.File) (places []ast.Node) {
	imported := importNames(file)
	if path := imported["."]; path == "os/exec" || path == "os" {
		places = append(places, file)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if star, ok := n.(*ast.StarExpr); ok {
			if sel, ok := star.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "Cmd" {
				return false
			}
		}
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && starts(imported[pkg.Name], sel.Sel.Name) {
				places = append(places, sel)
			}
		}
		return true
	})
	return places
}

// TestOnlyProcStartsTools makes sure that a cancelled context ends whatever a tool
// has started, and that no tool sees git's variables.
func TestOnlyProcStartsTools(t *testing.T) {
	used := map[string]bool{}
	eachFile(t, func(path string, fset *token.FileSet, file *ast.File) {
	places:
		for _, n := range startsIn(file) {
			for place := range starters {
				if strings.HasPrefix(path, place) {
					used[place] = true
					continue places
				}
			}
			t.Errorf("%s:%d: can start a process by hand; use proc.Command and proc.Run", path, fset.Position(n.Pos()).Line)
		}
	})
	for place, why := range starters {
		if !used[place] {
			t.Errorf("%s (%s) starts no process any more; take it out of the list", place, why)
		}
	}
}

// TestStartsIn: by whatever name a file imports the package, and without a call, too.
func TestStartsIn(t *testing.T) {
	for _, c := range []struct {
		imports, code string
		want          int
	}{
		{`"os/exec"`, `func f() { exec.Command("true") }`, 1},
		{`xx "os/exec"`, `func f() { xx.Command("true") }`, 1},
		{`. "os/exec"`, `func f() { Command("true") }`, 1},
		{`"os/exec"`, `var c = &exec.Cmd{Path: "/bin/true"}`, 1},
		{`"os/exec"`, `var c = new(exec.Cmd)`, 1},
		{`"os/exec"`, `var start = exec.CommandContext`, 1},
		{`"os"`, `func f() { os.StartProcess("/bin/true", nil, nil) }`, 1},
		{`"syscall"`, `func f() { syscall.ForkExec("/bin/true", nil, nil) }`, 1},
		{`"os/exec"`, `func f(c *exec.Cmd) error { return exec.ErrNotFound }`, 0},
		{`"mdlife/exec"`, `func f() { exec.Command("true") }`, 0},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nimport "+c.imports+"\n"+c.code, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := startsIn(file); len(got) != c.want {
			t.Errorf("import %s; %s: %d places instead of %d", c.imports, c.code, len(got), c.want)
		}
	}
}

// called returns the name of a function that is called as package.Name, or "".
func called(call *ast.CallExpr) string {
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok {
			return pkg.Name + "." + sel.Sel.Name
		}
	}
	return ""
}
