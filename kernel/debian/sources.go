// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mirrors says where the two Debian archives are reached from this host.
type mirrors struct{ main, security string }

// publicMirrors serve a host that has no Debian sources of its own.
var publicMirrors = mirrors{
	main:     "http://deb.debian.org/debian",
	security: "http://deb.debian.org/debian-security",
}

// sourceLines writes the sources.list for suites. Security suites live in an
// archive of their own.
func sourceLines(suites []string, m mirrors) string {
	var b strings.Builder
	for _, suite := range suites {
		uri := m.main
		if strings.HasSuffix(suite, "-security") {
			uri = m.security
		}
		fmt.Fprintf(&b, "deb [arch=amd64 signed-by=%s] %s %s main\n", keyring, uri, suite)
	}
	return b.String()
}

// hostMirrors finds the mirrors that the host uses, in the sources below etc
// (normally /etc/apt), else the public ones.
func hostMirrors(etc string) mirrors {
	found := publicMirrors
	files, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", "*"))
	slices.Reverse(files) // the first file's answer is written last, so it wins
	for _, file := range append(files, filepath.Join(etc, "sources.list")) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, uri := range sourceURIs(file, string(text)) {
			switch archiveOf(uri) {
			case "debian":
				found.main = uri
			case "debian-security":
				found.security = uri
			}
		}
	}
	return found
}

var (
	oneLine = regexp.MustCompile(`(?m)^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+(.*)$`)
	uris    = regexp.MustCompile(`(?mi)^URIs:\s*(\S+)`)
	main    = regexp.MustCompile(`(?mi)^Components:.*\bmain\b`)
	off     = regexp.MustCompile(`(?mi)^Enabled:\s*(no|false|0)`)
)

// sourceURIs lists the URIs of a sources file that carry the component main,
// last first; of a stanza with several URIs, the first counts.
func sourceURIs(file, text string) []string {
	var found []string
	if filepath.Ext(file) == ".sources" {
		for stanza := range strings.SplitSeq(text, "\n\n") {
			if m := uris.FindStringSubmatch(stanza); m != nil && main.MatchString(stanza) && !off.MatchString(stanza) {
				found = append(found, m[1])
			}
		}
	} else {
		for _, m := range oneLine.FindAllStringSubmatch(text, -1) {
			if slices.Contains(strings.Fields(m[2]), "main") {
				found = append(found, m[1])
			}
		}
	}
	slices.Reverse(found)
	return found
}

// archiveOf tells which archive a URI is a mirror of: "debian",
// "debian-security" or, for everybody else's repositories, "". Debian's cloud
// images name their mirror in a list file.
func archiveOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	base := path.Base(strings.TrimSuffix(u.Path, ".list"))
	switch {
	case u.Scheme == "cdrom":
		return ""
	case u.Host == "security.debian.org":
		return "debian-security"
	case base == "debian" || base == "debian-security":
		return base
	}
	return ""
}
