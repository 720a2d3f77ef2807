// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sources parses the files of folders beside this one, without tests.
func sources(t *testing.T, folders ...string) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	fset, files := token.NewFileSet(), map[string]*ast.File{}
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(paths), err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			if files[path], err = parser.ParseFile(fset, path, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	return fset, files
}

// cleanUps are the functions that join several calls' errors because each must be made,
// whatever has become of the others.
var cleanUps = map[string]string{
	"undisturbed": "puts the thread's priority and the limit back, both",
}

// TestNoJoinedSequences: errors.Join evaluates all its arguments, so calls in it are made
// although one before has failed. It must join at most one call's error with others: steps
// that depend on each other are array.Steps.
func TestNoJoinedSequences(t *testing.T) {
	folders, err := filepath.Glob("../*")
	if err != nil || len(folders) < 10 {
		t.Fatalf("%v, %v", folders, err)
	}
	for i, folder := range folders {
		folders[i] = filepath.Base(folder)
	}
	fset, files := sources(t, folders...)
	joins := 0
	for _, file := range files {
		for _, decl := range file.Decls {
			f, isFunc := decl.(*ast.FuncDecl)
			if isFunc && cleanUps[f.Name.Name] != "" {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !isJoin(call) {
					return true
				}
				joins++
				if calls := callsIn(call.Args); calls > 1 {
					t.Errorf("%s: errors.Join of %d calls, which are all made although one before has failed: want array.Steps", fset.Position(call.Pos()), calls)
				}
				return true
			})
		}
	}
	if joins == 0 {
		t.Error("no errors.Join was found: what does this test look at?")
	}
}

// callsIn returns how many of these expressions are calls.
func callsIn(args []ast.Expr) (n int) {
	for _, arg := range args {
		if _, isCall := arg.(*ast.CallExpr); isCall {
			n++
		}
	}
	return n
}

func isJoin(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "Join" {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && pkg.Name == "errors"
}

// shared are the files that are no scenarios, which those may use.
var shared = []string{"arrays.go", "changes.go", "failing.go", "names.go", "table.go", "worker.go"}

// TestScenariosStandAlone: a scenario's file uses the package array and the shared files, and
// no other scenario's file.
func TestScenariosStandAlone(t *testing.T) {
	_, files := sources(t, "arrays")
	declared := map[string]string{} // file by name
	for path, file := range files {
		for _, decl := range file.Decls {
			for _, name := range declares(decl) {
				declared[name] = filepath.Base(path)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		base := filepath.Base(path)
		if slices.Contains(shared, base) {
			continue
		}
		for _, ident := range files[path].Unresolved {
			if from := declared[ident.Name]; from != "" && from != base && !slices.Contains(shared, from) {
				t.Errorf("%s uses %s of %s", base, ident.Name, from)
			}
		}
	}
}

// declares returns the names that a declaration declares in its package.
func declares(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}
