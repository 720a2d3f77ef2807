// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mdlife/internal/proc"
)

// fakeApt stands in for apt-get. Below $FAKE are pool/ with the packages, index
// with what --print-uris says, calls with what was asked for, and, while there
// is no network, a file offline.
const fakeApt = `#!/bin/sh
echo "$*" >> "$FAKE/calls"
case "$*" in
*--print-uris*install*|*install*--print-uris*)
	cat "$FAKE/plan"; exit;;
*--print-uris*)
	for word; do case $word in -*|download) continue;; esac
		grep "/${word%%=*}_" "$FAKE/index" || { echo "E: Unable to locate package $word" >&2; exit 100; }
	done; exit;;
esac
[ -e "$FAKE/offline" ] && { echo "E: Temporary failure resolving" >&2; exit 100; }
case "$*" in
update*) [ -e "$FAKE/next-index" ] && cp "$FAKE/next-index" "$FAKE/index"; exit 0;;
download*)
	for word; do case $word in -*|download) continue;; esac
		cp "$FAKE"/pool/${word%%=*}_* . || exit 100
	done;;
esac
`

var bookworm = []string{"bookworm", "bookworm-updates", "bookworm-security"}

// fakeArchive puts fakeApt on the PATH and returns an archive and $FAKE.
func fakeArchive(t *testing.T) (Archive, string) {
	t.Helper()
	fake, bin := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "apt-get"), []byte(fakeApt), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(fake, "pool"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("FAKE", fake)
	write(t, fake, "index", uri(t, fake, "mdadm_4.2-5_amd64.deb", "m")+uri(t, fake, "zlib1g_1%3a1.2_amd64.deb", "z"))
	return Archive{Dir: t.TempDir(), Suites: bookworm}, fake
}

// uri adds a package to the pool and returns its line of --print-uris.
func uri(t *testing.T, fake, name, text string) string {
	write(t, fake, "pool/"+name, text)
	return fmt.Sprintf("'http://m/%s' %s %d SHA256:%x\n", name, name, len(text), sha256.Sum256([]byte(text)))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// calls counts the calls of apt-get that start with verb and really fetch.
func calls(t *testing.T, fake, verb string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fake, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, verb) && !strings.Contains(line, "--print-uris") {
			n++
		}
	}
	return n
}

func TestDownloadOnceThenOffline(t *testing.T) {
	a, fake := fakeArchive(t)
	debs, err := a.Download(t.Context(), "zlib1g", "mdadm")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, deb := range debs {
		names = append(names, filepath.Base(deb))
	}
	if want := []string{"zlib1g_1%3a1.2_amd64.deb", "mdadm_4.2-5_amd64.deb"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v: the order asked for", names, want)
	}
	write(t, fake, "offline", "")
	if _, err := a.Download(t.Context(), "mdadm"); err != nil {
		t.Errorf("without network, with everything there: %v", err)
	}
	old := time.Now().Add(-2 * refreshAfter)
	if err := os.Chtimes(filepath.Join(a.Dir, "lists.stamp"), old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Download(t.Context(), "mdadm"); err != nil {
		t.Errorf("without network, with old lists: %v", err)
	}
	if n := calls(t, fake, "download"); n != 1 {
		t.Errorf("fetched %d times, want once", n)
	}
	if _, err := a.Download(t.Context(), "udev"); err == nil || !strings.Contains(err.Error(), "udev") {
		t.Errorf("unknown package without network: %v", err)
	}
}

func TestNewPackageRefreshesLists(t *testing.T) {
	a, fake := fakeArchive(t)
	if _, err := a.Download(t.Context(), "mdadm"); err != nil {
		t.Fatal(err)
	}
	write(t, fake, "next-index", uri(t, fake, "udev_252_amd64.deb", "u"))
	if _, err := a.Download(t.Context(), "udev"); err != nil {
		t.Errorf("a package that only new lists have: %v", err)
	}
	if n := calls(t, fake, "update"); n != 2 {
		t.Errorf("lists fetched %d times, want twice", n)
	}
}

func TestDamagedFileIsFetchedAgain(t *testing.T) {
	a, fake := fakeArchive(t)
	debs, err := a.Download(t.Context(), "mdadm")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "/", debs[0], "x")
	if _, err := a.Download(t.Context(), "mdadm"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(debs[0]); string(text) != "m" {
		t.Errorf("damaged package is %q after download", text)
	}
	os.Remove(debs[0])
	write(t, fake, "pool/mdadm_4.2-5_amd64.deb", "evil")
	if _, err := a.Download(t.Context(), "mdadm"); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("package with another content than the lists say: %v", err)
	}
	if _, err := os.Stat(debs[0]); err == nil {
		t.Error("a package with the wrong content got its place in the cache")
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	a, fake := fakeArchive(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := a.Download(t.Context(), "mdadm"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := calls(t, fake, "download"); n != 1 {
		t.Errorf("four runs at once fetched %d times, want once", n)
	}
}

func TestMissingToolNamesPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Archive{Dir: t.TempDir()}.Download(t.Context(), "mdadm")
	var missing *proc.MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install apt dpkg") {
		t.Errorf("got %v", err)
	}
	if err := Unpack(context.Background(), "x.deb", t.TempDir()); err == nil || !strings.Contains(err.Error(), "dpkg") {
		t.Errorf("Unpack: %v", err)
	}
}

func TestConfigKeepsHostHooksOut(t *testing.T) {
	a, _ := fakeArchive(t)
	if _, err := a.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(a.Dir, "apt.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "Post-Invoke") {
		t.Error("hooks of the host are in apt.conf")
	}
	for _, want := range []string{"Dir::State \"" + a.Dir, "Dir::Cache \"" + a.Dir, "Dir::Etc::parts \"apt.conf.d\""} {
		if !strings.Contains(string(text), want) {
			t.Errorf("apt.conf lacks %s", want)
		}
	}
}

func TestParseURIsWantsStrongHash(t *testing.T) {
	if _, err := parseURIs([]byte("'http://m/x' x_1_all.deb 5 MD5Sum:00\n")); err == nil {
		t.Error("a file without SHA-256 was accepted")
	}
}

func TestVersion(t *testing.T) {
	for file, want := range map[string]string{
		"/c/linux-source-6.1_6.1.192-2_all.deb": "6.1.192-2",
		"zlib1g_1%3a1.2.13.dfsg-1_amd64.deb":    "1:1.2.13.dfsg-1",
	} {
		if got := Version(file); got != want {
			t.Errorf("Version(%s) = %s, want %s", file, got, want)
		}
	}
}
