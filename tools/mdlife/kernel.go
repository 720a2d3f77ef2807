// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newKernel is for scripts as well as for people: the directory is the last and
// only line on stdout.
func newKernel() *cobra.Command {
	var variant string
	cmd := &cobra.Command{
		Use:   "kernel",
		Short: "Build a kernel if needed, and print its directory",
		Long: `Build a kernel if needed, and print the directory that holds bzImage, vmlinux, .config and,
if there are any, modules/. Nothing else is written to stdout.`,
		Example: `  mdlife kernel -base 6.1 -variant patched
  mdlife kernel -variant debug -tree ~/linux
  gdb "$(mdlife kernel -variant base)/vmlinux"`,
		Args: noArgs,
	}
	t := addSources(cmd)
	cmd.Flags().StringVar(&variant, "variant", "patched", variantHelp)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v, err := t.variant(variant)
		if err != nil {
			return err
		}
		o, err := t.options(cmd)
		if err != nil {
			return err
		}
		a, err := o.BuildKernel(cmd.Context(), v)
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), a.Dir)
		return nil
	}
	return cmd
}
