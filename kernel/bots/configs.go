// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	_ "embed" // for the fragment
)

// config says what allmodconfig leaves out: what takes much time and brings no warnings, and what
// makes them errors.
//
//go:embed allmod.config
var config string

// build is a compiler, and what it builds for.
type build struct {
	name     string
	arch     string
	compiler string
	emulate  string // what ld calls the format
	check    string // to which its warnings belong
	module   string // to which those about its modules belong; "" makes none
	sparse   bool   // sparse looks at its objects, too
}

// builds are all builds of allmodconfig.
var builds = []build{
	{name: "gcc", arch: "x86_64", compiler: "gcc", emulate: "elf_x86_64", check: gccCheck, module: moduleCheck, sparse: true},
	{name: "clang", arch: "x86_64", compiler: clang, emulate: "elf_x86_64", check: clangCheck},
	{name: "i386", arch: "i386", compiler: "gcc", emulate: "elf_i386", check: bits32Check, module: bits32Check},
}
