// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// HasSymbol reports whether the kernel, or a module that is loaded, has a symbol of
// this name (/proc/kallsyms). Functions that a compiler has inlined have none.
func HasSymbol(name string) (bool, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return false, err
	}
	defer f.Close()
	return hasSymbol(f, name)
}

// hasSymbol looks for a symbol in lines of address, type, name and perhaps module.
func hasSymbol(r io.Reader, name string) (bool, error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 2 && fields[2] == name {
			return true, nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("read the kernel's symbols: %w", err)
	}
	return false, nil
}
