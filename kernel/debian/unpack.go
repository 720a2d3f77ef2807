// SPDX-License-Identifier: BSD-3-Clause

package debian

import (
	"context"
	"os"

	"mdlife/internal/proc"
)

// Unpack extracts the files of a .deb into dir, which it creates if needed.
// Maintainer scripts are not run. A failure can leave a part of the files:
// callers unpack into a temporary directory and rename it.
func Unpack(ctx context.Context, deb, dir string) error {
	if err := proc.Require("dpkg-deb"); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err := proc.Output(ctx, proc.Command("dpkg-deb", "--extract", deb, dir))
	return err
}
