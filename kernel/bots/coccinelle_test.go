// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/kernel/series"
)

// TestFailedScripts: scripts that spatch does not run to their end are named, and if there are no
// others, that is an error and not a file without a finding.
func TestFailedScripts(t *testing.T) {
	bin, src := t.TempDir(), t.TempDir()
	spatch := "#!/bin/sh\ncase \"$*\" in *bad.cocci*) exit 1;; esac\necho 'a.c:1:2-3: a lock that is kept'\n"
	if err := os.WriteFile(filepath.Join(bin, "spatch"), []byte(spatch), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	bad, good := script{name: "bad.cocci", file: "bad.cocci"}, script{name: "good.cocci", file: "good.cocci"}
	for _, test := range []struct {
		scripts   []script
		note, err string
	}{
		{[]script{good}, "", ""},
		{[]script{bad, good}, "1 of 2 scripts were not run to their end on a.c: bad.cocci", ""},
		{[]script{bad}, "", "does spatch work?"},
	} {
		var notes string
		k := &checker{Check: series.Check{Source: src}, jobs: 1, place: &place{scratch: t.TempDir()}, scripts: test.scripts,
			note: func(format string, args ...any) { notes += fmt.Sprintf(format, args...) }}
		said, asked, err := k.scriptsSay(context.Background(), "a.c", "int a;\n", test.scripts)
		if err == nil {
			err = k.sayFailed("a.c", said.Failed)
		}
		switch {
		case !asked:
			t.Errorf("%v: spatch was not asked", test.scripts)
		case test.err == "" && (err != nil || len(said.Says["good.cocci"]) != 1):
			t.Errorf("%v: said %v, error %v", test.scripts, said, err)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%v: error %v, and not %q", test.scripts, err, test.err)
		case !strings.Contains(notes, test.note) || test.note == "" && notes != "":
			t.Errorf("%v: the note is %q, and not %q", test.scripts, notes, test.note)
		}
	}
}
