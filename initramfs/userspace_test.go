// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestUserspaces: each release has what all have, and has it from its own suites.
func TestUserspaces(t *testing.T) {
	for _, name := range Userspaces() {
		u, err := FindUserspace(name)
		if err != nil || u.Name != name || len(u.suites) == 0 || u.suites[0] != name {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
		for _, s := range []selection{client.with(u.client), volumes.with(u.volumes)} {
			seen := map[string]bool{}
			for _, what := range append(s.packages, s.files...) {
				if seen[what] {
					t.Errorf("%s: %s names %s twice", name, s.name, what)
				}
				seen[what] = true
			}
		}
	}
	if _, err := FindUserspace("potato"); err == nil || !strings.Contains(err.Error(), strings.Join(Userspaces(), ", ")) {
		t.Errorf("an unknown one: %v", err)
	}
}

// remembered is a Debian layer that knows which files its packages are.
func remembered(t *testing.T, dir, release string, debs ...string) *debianLayer {
	t.Helper()
	u, err := FindUserspace(release)
	if err != nil {
		t.Fatal(err)
	}
	l := &debianLayer{selection: client.with(u.client), release: u, dir: dir}
	r, err := json.Marshal(resolved{Recipe: l.recipe(), Debs: debs, When: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.memory(), r, 0o644); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestDebianKey: the key of what comes from Debian holds the release and the packages' versions,
// and the versions can be asked for.
func TestDebianKey(t *testing.T) {
	dir := t.TempDir()
	keys := map[string]string{}
	for _, c := range []struct{ release, deb, version string }{
		{"bookworm", "mdadm_4.2-5_amd64.deb", "4.2-5"},
		{"sid", "mdadm_4.2-5_amd64.deb", "4.2-5"},
		{"sid", "mdadm_1%3a4.6-3_amd64.deb", "1:4.6-3"},
	} {
		l := remembered(t, dir, c.release, c.deb)
		key, err := l.key(context.Background())
		if err != nil || l.version("mdadm") != c.version || l.version("udev") != "" {
			t.Errorf("%v: version %q and %q, %v", c, l.version("mdadm"), l.version("udev"), err)
		}
		if was, there := keys[key]; there {
			t.Errorf("%v has the key of %s", c, was)
		}
		keys[key] = c.release + " " + c.deb
		if again, err := l.key(context.Background()); again != key || err != nil {
			t.Errorf("%v: another key the second time (%v)", c, err)
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "debian-*.json")); err != nil || len(names) != 2 {
		t.Errorf("the releases' versions are remembered in %v (%v)", names, err)
	}
}
