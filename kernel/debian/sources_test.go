// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// etcApt writes a sources directory as the map says and returns it.
func etcApt(t *testing.T, files map[string]string) string {
	t.Helper()
	etc := t.TempDir()
	for name, text := range files {
		path := filepath.Join(etc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return etc
}

func TestHostMirrors(t *testing.T) {
	foreign := "deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable\n" +
		"deb https://packages.cloud.google.com/apt cloud-sdk-bookworm main\n"
	tests := []struct {
		name           string
		files          map[string]string
		main, security string
	}{
		{"none", nil, publicMirrors.main, publicMirrors.security},
		{"only foreign", map[string]string{"sources.list.d/x.list": foreign}, publicMirrors.main, publicMirrors.security},
		{"one-line", map[string]string{"sources.list": "# deb http://old/debian bookworm main\n" +
			"deb [signed-by=/x] http://ftp.de.debian.org/debian/ bookworm main contrib\n" +
			"deb http://security.debian.org/ bookworm-security main\n"},
			"http://ftp.de.debian.org/debian/", "http://security.debian.org/"},
		{"deb822", map[string]string{
			"sources.list.d/a.sources": "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\n\n" +
				"Types: deb\nURIs: http://mirror/debian-security\nSuites: bookworm-security\nComponents: main\n",
			"sources.list.d/b.list": foreign},
			"http://mirror/debian", "http://mirror/debian-security"},
		{"disabled", map[string]string{"sources.list.d/a.sources": "Types: deb\nURIs: http://mirror/debian\nComponents: main\nEnabled: no\n"},
			publicMirrors.main, publicMirrors.security},
		{"cloud image", map[string]string{"sources.list.d/a.sources": "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nComponents: main\n"},
			"mirror+file:///etc/apt/mirrors/debian.list", publicMirrors.security},
		{"cdrom", map[string]string{"sources.list": "deb cdrom:[Debian]/debian bookworm main\n"}, publicMirrors.main, publicMirrors.security},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := hostMirrors(etcApt(t, tt.files))
			if got.main != tt.main || got.security != tt.security {
				t.Errorf("got %+v, want %s and %s", got, tt.main, tt.security)
			}
		})
	}
}

func TestSourceLines(t *testing.T) {
	got := sourceLines(bookworm, mirrors{"http://m/debian", "http://m/debian-security"})
	for _, want := range []string{
		"signed-by=" + keyring + "] http://m/debian bookworm main\n",
		"] http://m/debian bookworm-updates main\n",
		"] http://m/debian-security bookworm-security main\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}
