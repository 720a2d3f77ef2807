// SPDX-License-Identifier: BSD-3-Clause

package house

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"mdlife/internal/proc"
)

// floors are the top-level folders, from the bottom up: a folder imports only those below it.
var floors = []string{"internal", "kernel", "initramfs", "vmtests", "benchmarks", "tools"}

// upward are the arrows that run back up all the same, with the reason. There may be three.
var upward = map[string]string{
	"vmtests -> tools": "tools/md, the control of md, is a library for every program that handles arrays, and stands beside the tools by the project's own layout",
}

const mostUpward = 3

// rooms says which rooms a room may import. A room is a folder with all that is below it,
// but for what is a room of its own. Every room may import the rooms within itself.
var rooms = map[string][]string{
	"internal": {},

	"kernel":        {"internal", "kernel/series", "kernel/source"},
	"kernel/debian": {"internal"},
	"kernel/source": {"internal", "kernel/debian"},
	"kernel/series": {"internal", "kernel/source"},
	"kernel/rebase": {"internal", "kernel/source", "kernel/series"},
	"kernel/bots":   {"internal", "kernel", "kernel/series"},
	"kernel/post":   {"internal", "kernel/source", "kernel/series"},

	"initramfs": {"internal", "kernel/debian"},

	"tools/md": {"internal"},

	// What a guest and its host both know.
	"vmtests/event":       {},
	"vmtests/hist":        {"vmtests/event"},
	"vmtests/requirement": {"vmtests/event"},

	// What runs inside a guest: it knows no host, no kernel build and no verdict.
	"vmtests/guest": {"internal", "tools/md", "vmtests/event", "vmtests/hist", "vmtests/requirement"},

	// The host's side.
	"vmtests/triage":  {},
	"vmtests/vm":      {"internal", "vmtests/event", "vmtests/triage"},
	"vmtests/verdict": {"internal", "vmtests/event", "vmtests/hist", "vmtests/requirement", "vmtests/triage"},
	"vmtests/report":  {"internal", "vmtests/event", "vmtests/verdict"},
	"vmtests": {"initramfs", "internal", "kernel", "kernel/series", "vmtests/event", "vmtests/guest", "vmtests/report",
		"vmtests/triage", "vmtests/verdict", "vmtests/vm"},

	"benchmarks": {"internal", "kernel", "kernel/series", "vmtests", "vmtests/event", "vmtests/report", "vmtests/verdict", "vmtests/vm"},

	"tools/mdguest":  {"tools/md", "vmtests/event", "vmtests/guest"},
	"tools/cicount":  {"internal"},
	"tools/mdstress": {"vmtests/event", "vmtests/guest", "vmtests/requirement"},
	"tools/mdlife": {"benchmarks", "initramfs", "internal", "kernel", "kernel/bots", "kernel/post", "kernel/rebase", "kernel/series", "kernel/source", "vmtests", "vmtests/event", "vmtests/guest",
		"vmtests/report", "vmtests/verdict", "vmtests/vm"},
}

// module begins the import path of every package of the project.
const module = "mdlife/"

// listed is a package as go list prints it.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// own lists the project's packages.
func own(t *testing.T) (all []listed) {
	cmd := proc.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "mdlife/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// folders returns the project's folders among import paths.
func folders(paths []string) (out []string) {
	for _, p := range paths {
		if folder, ok := strings.CutPrefix(p, module); ok {
			out = append(out, folder)
		}
	}
	return out
}

// roomOf is the room that a folder is in, "" for none.
func roomOf(folder string) string {
	for {
		if _, ok := rooms[folder]; ok {
			return folder
		}
		i := strings.LastIndex(folder, "/")
		if i < 0 {
			return ""
		}
		folder = folder[:i]
	}
}

// TestRooms: each package is in a room, and imports only what that room may.
func TestRooms(t *testing.T) {
	used := map[string]bool{}
	for _, p := range own(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		room := roomOf(from)
		if room == "" {
			t.Errorf("%s is in no room: say in %s what it may import", from, "internal/house/house_test.go")
			continue
		}
		for _, to := range folders(p.Imports) {
			other := roomOf(to)
			used[room+" -> "+other] = true
			if other != room && !slices.Contains(rooms[room], other) {
				t.Errorf("%s imports %s: the room %s may not import %s", from, to, room, other)
			}
		}
	}
	for room, may := range rooms {
		for _, other := range may {
			if !used[room+" -> "+other] {
				t.Errorf("%s may import %s and does not: take that out of the table", room, other)
			}
		}
	}
}

// TestNoArrowRunsUp: between top-level folders, in tests as well, imports run down.
func TestNoArrowRunsUp(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range own(t) {
		from, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, folder := range folders(slices.Concat(p.Imports, p.TestImports, p.XTestImports)) {
			to, _, _ := strings.Cut(folder, "/")
			arrow := from + " -> " + to
			up := slices.Index(floors, to) > slices.Index(floors, from)
			if up && upward[arrow] == "" {
				t.Errorf("%s imports %s, which runs back up: %s", p.ImportPath, folder, arrow)
			}
			seen[arrow] = seen[arrow] || up
		}
	}
	for arrow := range upward {
		if !seen[arrow] {
			t.Errorf("no import runs up as %s any more: take that out of the table", arrow)
		}
	}
	if len(upward) > mostUpward {
		t.Errorf("%d arrows run back up, %d may", len(upward), mostUpward)
	}
}
