// SPDX-License-Identifier: BSD-3-Clause

package main

import "github.com/spf13/cobra"

// newEnvironment returns a help topic: it does nothing.
func newEnvironment() *cobra.Command {
	return &cobra.Command{
		Use:   "environment",
		Short: "The environment variables that mdlife reads",
		Long: `The environment variables that mdlife reads:

  MDLIFE_QEMU      another QEMU than qemu-system-x86_64
  MDLIFE_ACCEL     kvm or tcg, without a test boot; the flag -accel comes first
  XDG_CACHE_HOME   the cache is in its directory mdlife (default: ~/.cache)

For example:

  MDLIFE_ACCEL=tcg mdlife vmtest
  MDLIFE_QEMU=~/qemu/build/qemu-system-x86_64 mdlife shell`,
	}
}
