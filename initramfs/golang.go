// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// CheckGo returns an error that says what to install where there is no go command to compile
// the guest's programs, or one that is too old for go.mod at root.
func CheckGo(ctx context.Context, root string) error {
	wanted := goWanted(root)
	if _, err := exec.LookPath("go"); err != nil {
		return fmt.Errorf("no go command: install %s or newer from https://go.dev/dl/ and put its bin directory into PATH", wanted)
	}
	if _, err := goOutput(ctx, root, "env", "GOVERSION"); err != nil {
		return fmt.Errorf("%s or newer is wanted, see https://go.dev/dl/: %w", wanted, err)
	}
	return ctx.Err()
}

// goWanted is "Go 1.26.0", as go.mod says it, or only "Go" where that cannot be read.
func goWanted(root string) string {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "Go"
	}
	for line := range strings.Lines(string(text)) {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			return "Go " + strings.TrimSpace(version)
		}
	}
	return "Go"
}
