// SPDX-License-Identifier: BSD-3-Clause

package ci

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mdlife/internal/proc"
)

// fakeMake stands in for make: it puts FAKE/<target>.xml where the target's results belong and
// exits with what FAKE/<target>.rc holds.
const fakeMake = `#!/bin/bash
case $1 in
test) to=out/test;;
vmtest) to=out/6.1;;
esac
if [ -s "$FAKE/$1.xml" ]; then mkdir -p $to; cp "$FAKE/$1.xml" $to/junit.xml; fi
exit "$(cat "$FAKE/$1.rc")"
`

// fakeMdlife stands in for out/bin/mdlife: each command leaves one test case, unless
// FAKE/<command>-<base>.rc holds an exit code.
const fakeMdlife = `#!/bin/bash
command=$1
base=6.1
while [ $# -gt 0 ]; do if [ "$1" = -base ]; then base=$2; fi; shift; done
if [ -e "$FAKE/$command-$base.rc" ]; then exit "$(cat "$FAKE/$command-$base.rc")"; fi
mkdir -p "out/$base/$command"
echo '<testsuites><testsuite name="s" time="3"><testcase name="a"></testcase></testsuite></testsuites>' >"out/$base/$command/junit.xml"
`

// fakeGo stands in for go, which only has to build cicount.
const fakeGo = `#!/bin/bash
cp "$FAKE/cicount" "$3"
`

// cases returns a junit.xml of test cases: "TestA", "TestB failure", "TestC skipped".
func cases(all ...string) string {
	var b strings.Builder
	b.WriteString(`<testsuites><testsuite name="mdlife/x" time="0.5">`)
	for _, c := range all {
		name, what, _ := strings.Cut(c, " ")
		b.WriteString(`<testcase name="` + name + `" time="0.1">`)
		if what != "" {
			b.WriteString(`<` + what + ` message="because"></` + what + `>`)
		}
		b.WriteString(`</testcase>`)
	}
	b.WriteString(`</testsuite></testsuites>`)
	return b.String()
}

// TestScript runs .ci/run in a copy of its folder with commands that we play. Apart from the
// first two, its steps have one test case each.
func TestScript(t *testing.T) {
	count := filepath.Join(t.TempDir(), "cicount")
	if out, err := proc.Command("go", "build", "-o", count, "mdlife/tools/cicount").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(count)
	if err != nil {
		t.Fatal(err)
	}
	good, rules := cases("TestA", "TestA/x"), cases("a", "b")
	for name, tc := range map[string]struct {
		test, vmtest string // junit.xml
		exits        string // "file code", for those that are not 0
		pass         bool
		last         string
		says         string
	}{
		"good":                     {good, rules, "", true, "11 passed, 0 failed", "3.0 s  s"},
		"skip":                     {cases("TestA", "TestB skipped"), rules, "", false, "10 passed, 1 failed", "failed: TestB was skipped, and is not listed in .ci/skips"},
		"listed skip":              {cases("TestA", "TestSelection/x skipped"), rules, "", true, "10 passed, 0 failed", "skipped: TestSelection/x (the machine's CPU may lack"},
		"failed test":              {cases("TestA", "TestC failure"), rules, "test.rc 2", false, "10 passed, 1 failed", "failed: test: TestC: because"},
		"error in a test":          {cases("TestA", "TestC error"), rules, "test.rc 2", false, "10 passed, 1 failed", "failed: test: TestC: because"},
		"does not compile":         {"", rules, "test.rc 2", false, "9 passed, 1 failed", "failed: test: exit code 2, and no test case says why; see its log"},
		"fails after its tests":    {good, rules, "test.rc 2", false, "11 passed, 1 failed", "failed: test: exit code 2"},
		"no test failed by itself": {cases("TestA", "TestC failure"), rules, "", false, "10 passed, 1 failed", ""},
		"failed rule":              {good, cases("a", "b failure"), "vmtest.rc 2", false, "10 passed, 1 failed", ""},
		"cut short":                {good, rules[:len(rules)-20], "vmtest.rc 143", false, "9 passed, 2 failed", "failed: vmtest: exit code 143"},
		"no verdict":               {good, "", "vmtest.rc 2", false, "9 passed, 1 failed", ""},
		"no verdict, no error":     {good, "", "", false, "9 passed, 1 failed", "failed: vmtest: left no junit.xml"},
		"another base fails":       {good, rules, "vmtest-6.12.rc 1", false, "10 passed, 1 failed", "failed: vmtest-6.12: exit code 1"},
		"not to be had":            {good, rules, "vmtest-mainline.rc 3", true, "10 passed, 0 failed", "skipped: vmtest-mainline (the archive may have no"},
		"must be to be had":        {good, rules, "vmtest-6.12.rc 3", false, "10 passed, 1 failed", "failed: vmtest-6.12 was skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{
				"bin/make": fakeMake, "bin/go": fakeGo, "cicount": string(program),
				"test.xml": tc.test, "vmtest.xml": tc.vmtest, "test.rc": "0", "vmtest.rc": "0",
				"repo/out/6.1/junit.xml":     rules, // an earlier run's, which must not be counted
				"repo/out/ci/old/junit.xml":  rules,
				"repo/out/6.1/old/junit.xml": rules,
				"repo/out/bin/mdlife":        fakeMdlife,
				"repo/.ci/run":               read(t, "../../.ci/run"),
				"repo/.ci/skips":             read(t, "../../.ci/skips"),
			}
			if file, code, ok := strings.Cut(tc.exits, " "); ok {
				files[file] = code
			}
			writeAll(t, dir, files)
			cmd := proc.Command("bash", filepath.Join(dir, "repo/.ci/run"))
			cmd.Env = append(cmd.Env, "FAKE="+dir, "PATH="+dir+"/bin:"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if (err == nil) != tc.pass || !strings.HasPrefix(lines[len(lines)-1], tc.last+", ") || !strings.Contains(string(out), tc.says) {
				t.Errorf("error %v; want pass %v, last line %q…, and %q in\n%s", err, tc.pass, tc.last, tc.says, out)
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
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
