// SPDX-License-Identifier: BSD-3-Clause

package proc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
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

// TestOnlyProcRunsGit makes sure that every git command goes through
// [proc.ScratchGit] or [proc.ReadGit], which keep it from the caller's repository.
func TestOnlyProcRunsGit(t *testing.T) {
	eachFile(t, func(path string, fset *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || called(call) == "proc.Require" {
				return true
			}
			for _, arg := range call.Args {
				if lit, ok := arg.(*ast.BasicLit); ok && lit.Value == `"git"` {
					t.Errorf("%s:%d: git is run by hand; use proc.ScratchGit or proc.ReadGit", path, fset.Position(lit.Pos()).Line)
				}
			}
			return true
		})
	})
}

// starters are the places outside of this package that may start a process
// themselves, with the reason.
var starters = map[string]string{
	"vmtests/guest/":     "runs in the guest",
	"initramfs/console/": "runs in the guest",
	"vmtests/vm/":        "QEMU, which is led over its sockets, and ends with its own supervision",
	"benchmarks/boot.go": "QEMU, which is killed at its first line, and has no children",
}

// TestOnlyProcStartsTools makes sure that a cancelled context ends whatever a tool
// has started, and that no tool sees git's variables.
func TestOnlyProcStartsTools(t *testing.T) {
	used := map[string]bool{}
	eachFile(t, func(path string, fset *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || called(call) != "exec.Command" && called(call) != "exec.CommandContext" && called(call) != "os.StartProcess" {
				return true
			}
			for place := range starters {
				if strings.HasPrefix(path, place) {
					used[place] = true
					return true
				}
			}
			t.Errorf("%s:%d: starts a process by hand; use proc.Command and proc.Run", path, fset.Position(call.Pos()).Line)
			return true
		})
	})
	for place, why := range starters {
		if !used[place] {
			t.Errorf("%s (%s) starts no process any more; take it out of the list", place, why)
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
