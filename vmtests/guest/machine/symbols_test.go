// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"strings"
	"testing"
)

// TestHasSymbol: whole names only, of the kernel and of modules.
func TestHasSymbol(t *testing.T) {
	const symbols = "ffffffff81000000 T disk_block_opens\n" +
		"ffffffffc0000000 t md_open\t[md_mod]\n"
	for name, want := range map[string]bool{
		"disk_block_opens": true, "md_open": true, "md_mod": false, "disk_block": false, "T": false,
	} {
		if got, err := hasSymbol(strings.NewReader(symbols), name); err != nil || got != want {
			t.Errorf("hasSymbol(%q): %v, %v, want %v", name, got, err, want)
		}
	}
}
