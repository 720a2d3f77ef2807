// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/internal/proc"
	"mdlife/internal/progress"
)

// keyring holds the archive's keys; it belongs to debian-archive-keyring.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// apt runs apt-get in the isolated configuration below dir.
type apt struct {
	dir   string
	track *progress.Tracker
}

// item is one file that apt wants to fetch.
type item struct {
	name   string // file name in the pool, such as mdadm_4.2-5_amd64.deb
	size   int64  // bytes
	sha256 string // hexadecimal
}

// setUp writes the configuration. It is rewritten each time: the host's
// proxies and mirrors, and the suites asked for, may have changed.
func (a Archive) setUp(ctx context.Context) (apt, error) {
	dir, err := filepath.Abs(a.Dir)
	if err != nil {
		return apt{}, err
	}
	t := apt{dir: dir, track: a.Progress}
	for _, d := range []string{"lists/partial", "archives", "empty/partial", "etc/apt.conf.d", "etc/preferences.d"} {
		if err := os.MkdirAll(t.path(d), 0o755); err != nil {
			return apt{}, err
		}
	}
	acquire, err := hostAcquire(ctx)
	if err != nil {
		return apt{}, err
	}
	files := map[string]string{
		"apt.conf":         acquire + t.config(),
		"etc/sources.list": sourceLines(a.Suites, hostMirrors("/etc/apt")),
		"status":           "", // an empty system: nothing of the host's counts
	}
	for name, text := range files {
		if err := writeIfChanged(t.path(name), text); err != nil {
			return apt{}, err
		}
	}
	return t, nil
}

func (t apt) path(name string) string { return filepath.Join(t.dir, name) }

// config is apt.conf's text. apt reads the host's apt.conf.d only from
// Dir::Etc::parts, which points elsewhere, so none of the host's hooks run.
func (t apt) config() string {
	values := [][2]string{
		{"APT::Architecture", "amd64"},
		{"APT::Sandbox::User", "root"}, // _apt may not be able to enter dir
		{"APT::Update::Error-Mode", "any"},
		{"Acquire::Languages", "none"},
		{"Acquire::Retries", "2"},
		{"Acquire::http::Timeout", "30"},
		{"Acquire::https::Timeout", "30"},
		{"Dir::Etc", t.path("etc")},
		{"Dir::Etc::netrc", "/etc/apt/auth.conf"},
		{"Dir::Etc::netrcparts", "/etc/apt/auth.conf.d"},
		{"Dir::Etc::parts", "apt.conf.d"},
		{"Dir::Etc::sourceparts", "-"},
		{"Dir::State", t.dir},
		{"Dir::State::status", t.path("status")},
		{"Dir::Cache", t.dir},
		{"Dir::Cache::archives", "empty"},
		{"Dir::Log", t.path("log")},
	}
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%s \"%s\";\n", v[0], v[1])
	}
	return b.String()
}

// hostAcquire returns the host's download settings, proxies above all, in the
// form that apt.conf takes. Which indexes to fetch is not the host's business.
func hostAcquire(ctx context.Context) (string, error) {
	out, err := proc.Output(ctx, proc.Command("apt-config", "dump"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Acquire::") &&
			!strings.HasPrefix(line, "Acquire::IndexTargets") &&
			!strings.HasPrefix(line, "Acquire::Languages") {
			b.WriteString(line)
		}
	}
	return b.String(), nil
}

// refresh fetches the package lists unless they are younger than age, and
// reports whether it did.
func (t apt) refresh(ctx context.Context, age time.Duration) (bool, error) {
	stamp := t.path("lists.stamp")
	sources, err := os.ReadFile(t.path("etc/sources.list"))
	if err != nil {
		return false, err
	}
	was, err := os.ReadFile(stamp)
	if err == nil && bytes.Equal(was, sources) {
		if info, err := os.Stat(stamp); err == nil && time.Since(info.ModTime()) < age {
			return false, nil
		}
	}
	phase := t.track.Start("fetch package lists")
	_, err = t.run(ctx, phase, t.dir, "update")
	phase.End(err)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(stamp, sources, 0o644)
}

// resolve finds the files of exactly these packages ("name" or
// "name=version").
func (t apt) resolve(ctx context.Context, packages []string) ([]item, error) {
	out, err := t.run(ctx, nil, t.dir, append([]string{"download", "--print-uris"}, packages...)...)
	if err != nil {
		return nil, err
	}
	items, err := parseURIs(out)
	if err != nil {
		return nil, err
	}
	return inOrder(items, packages)
}

// parseURIs reads the output of apt-get --print-uris: a quoted URI, the file
// name, the size and the best hash.
func parseURIs(out []byte) ([]item, error) {
	var items []item
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 4 || !strings.HasPrefix(f[3], "SHA256:") {
			return nil, fmt.Errorf("apt-get --print-uris: no SHA256 in line %q", strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("apt-get --print-uris: bad size in line %q", strings.TrimSpace(line))
		}
		items = append(items, item{name: f[1], size: size, sha256: strings.TrimPrefix(f[3], "SHA256:")})
	}
	return items, nil
}

// inOrder sorts items as the packages were asked for; apt has its own order.
func inOrder(items []item, packages []string) ([]item, error) {
	byName := map[string]item{}
	for _, it := range items {
		name, _, _ := strings.Cut(it.name, "_")
		byName[name] = it
	}
	var sorted []item
	for _, p := range packages {
		name, _, _ := strings.Cut(p, "=")
		it, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("apt-get found no file for package %s", p)
		}
		sorted = append(sorted, it)
	}
	return sorted, nil
}

// run calls apt-get in dir and returns what it printed. Download progress
// comes over a pipe of its own.
func (t apt) run(ctx context.Context, phase *progress.Phase, dir string, args ...string) ([]byte, error) {
	cmd := proc.Command("apt-get", append(args, "-qq")...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "APT_CONFIG="+t.path("apt.conf"), "LC_ALL=C")
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd.ExtraFiles = []*os.File{write}
	cmd.Args = append(cmd.Args, "-oAPT::Status-Fd=3")
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		followStatus(read, phase)
	}()
	out, err := proc.Output(ctx, cmd)
	write.Close()
	read.SetReadDeadline(time.Now().Add(time.Second))
	<-followed
	return out, err
}

// followStatus reads apt's machine-readable status, lines such as
// "dlstatus:1:20.5:Retrieving file 1 of 4", until the pipe closes.
func followStatus(read *os.File, phase *progress.Phase) {
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), ":", 4)
		if len(f) < 3 || f[0] != "dlstatus" {
			continue
		}
		if percent, err := strconv.ParseFloat(f[2], 64); err == nil {
			phase.Step(int(percent), 100)
		}
	}
}

// writeIfChanged replaces a file at once; apt rebuilds its package cache when
// its sources are newer.
func writeIfChanged(path, text string) error {
	if was, err := os.ReadFile(path); err == nil && string(was) == text {
		return nil
	}
	return atomicfile.WriteBytes(path, []byte(text))
}
