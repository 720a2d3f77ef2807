// SPDX-License-Identifier: BSD-3-Clause

package debian

import "testing"

func TestNewestOf(t *testing.T) {
	names := []string{"linux-source", "linux-source-6.9", "linux-source-6.19", "linux-source-7.2",
		"linux-source-7.10-rt", "linux-source-7.1.1", "linux-doc-8.0"}
	if got := newestOf(names, "linux-source-"); got != "linux-source-7.2" {
		t.Errorf("%q", got)
	}
	if got := newestOf(append(names, "linux-source-7.10"), "linux-source-"); got != "linux-source-7.10" {
		t.Errorf("%q: compared as text?", got)
	}
	if got := newestOf([]string{"linux-source", "linux-doc-8.0"}, "linux-source-"); got != "" {
		t.Errorf("%q from nothing that fits", got)
	}
}
