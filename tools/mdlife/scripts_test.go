// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/vmtests"
)

// fakeMake stands in for make: it prints FAKE/<target>.txt, puts FAKE/junit.xml
// where the verdict belongs and exits with what FAKE/<target>.rc holds.
const fakeMake = `#!/bin/bash
cat "$FAKE/$1.txt" 2>/dev/null
if [ "$1" = vmtest ] && [ -e "$FAKE/junit.xml" ]; then mkdir -p out/6.1; cp "$FAKE/junit.xml" out/6.1/; fi
exit "$(cat "$FAKE/$1.rc")"
`

// fakeMdlife stands in for out/bin/mdlife: it gives a base a verdict of one rule,
// unless FAKE/<base>.rc holds an exit code.
const fakeMdlife = `#!/bin/bash
base=${@: -1}
if [ -e "$FAKE/$base.rc" ]; then exit "$(cat "$FAKE/$base.rc")"; fi
mkdir -p "out/$base"
echo '<testcase name="a">' >"out/$base/junit.xml"
`

const (
	goodTests = "--- PASS: TestA (0.10s)\n    --- PASS: TestA/x (0.00s)\nok  \tmdlife/x\t0.5s\nok   check apply 0001\n"
	goodJUnit = "<testcase name=\"a\">\n</testcase>\n<testcase name=\"b\">\n</testcase>\n"
)

// TestCIScript runs .ci/run in a copy of its folder with a make that we play.
func TestCIScript(t *testing.T) {
	root, err := vmtests.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, tests, junit   string
		testExit, vmtestExit string
		other                map[string]string // exit codes on other bases
		pass                 bool
		last                 string
	}{
		{"good", goodTests, goodJUnit, "0", "0", nil, true, "7 passed, 0 failed"},
		{"skip", goodTests + "    --- SKIP: TestB (0.00s)\n", goodJUnit, "0", "0", nil, false, "7 passed, 1 failed"},
		{"failed test", goodTests + "--- FAIL: TestC (0.00s)\n", goodJUnit, "2", "0", nil, false, "7 passed, 1 failed"},
		{"failed check", goodTests + "FAIL check build 2 of 3\n", goodJUnit, "2", "0", nil, false, "7 passed, 1 failed"},
		{"does not compile", "", goodJUnit, "2", "0", nil, false, "4 passed, 1 failed"},
		{"failed rule", goodTests, goodJUnit + "<testcase name=\"c\">\n<failure message=\"x\">\n", "0", "2", nil, false, "7 passed, 1 failed"},
		{"no verdict", goodTests, "", "0", "2", nil, false, "5 passed, 1 failed"},
		{"no verdict, no error", goodTests, "", "0", "0", nil, false, "5 passed, 1 failed"},
		{"no verdict on another base", goodTests, goodJUnit, "0", "0", map[string]string{"6.12": "1"}, false, "6 passed, 1 failed"},
		{"a moving base is not to be had", goodTests, goodJUnit, "0", "0", map[string]string{"mainline": "3"}, true, "6 passed, 0 failed"},
		{"another base is not to be had", goodTests, goodJUnit, "0", "0", map[string]string{"6.12": "3"}, false, "6 passed, 1 failed"},
		{"nothing ran", "", "", "0", "0", map[string]string{"6.12": "3", "mainline": "3"}, false, "0 passed, 2 failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{
				"bin/make": fakeMake, "test.txt": tc.tests, "test.rc": tc.testExit, "vmtest.rc": tc.vmtestExit,
				"repo/out/6.1/junit.xml": goodJUnit, // an earlier run's, which must not be counted
				"repo/out/bin/mdlife":    fakeMdlife,
			}
			for base, code := range tc.other {
				files[base+".rc"] = code
			}
			if tc.junit != "" {
				files["junit.xml"] = tc.junit
			}
			for _, name := range []string{".ci/run", ".ci/skips"} {
				b, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				files["repo/"+name] = string(b)
			}
			writeAll(t, dir, files)
			cmd := exec.Command("bash", filepath.Join(dir, "repo/.ci/run"))
			cmd.Env = append(os.Environ(), "FAKE="+dir, "BASE=6.1", "PATH="+dir+"/bin:"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if (err == nil) != tc.pass || lines[len(lines)-1] != tc.last {
				t.Errorf("error %v, last line %q; want pass %v, %q\n%s", err, lines[len(lines)-1], tc.pass, tc.last, out)
			}
		})
	}
}

// writeAll writes executable files below dir.
func writeAll(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDepsScript plays a machine on which nothing is installed.
func TestDepsScript(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, dir, map[string]string{
		"bin/id":      "#!/bin/sh\necho $FAKE_UID\n",
		"bin/apt-get": "#!/bin/sh\necho \"apt-get $*\"\n",
		"bin/dirname": "#!/bin/sh\necho .\n",
		"bin/sed":     "#!/bin/sh\necho 1.26\n",
	})
	for uid, want := range map[string]string{
		"1000": "run: sudo apt-get install --no-install-recommends bc bison",
		"0":    "apt-get -qy install --no-install-recommends bc bison",
	} {
		cmd := exec.Command("/bin/sh", "deps.sh")
		cmd.Env = []string{"PATH=" + dir + "/bin", "FAKE_UID=" + uid}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("uid %s: error %v, output %q; want %q", uid, err, out, want)
		}
		if uid == "0" && !strings.Contains(string(out), "no go command: install Go 1.26") {
			t.Errorf("a missing go is not told of: %q", out)
		}
	}
}
