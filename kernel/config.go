// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed config/*.config
var fragmentFiles embed.FS

// fragmentsOf names the configuration fragments of each variant, in the order
// in which they are merged. The base's own comes after the first two, which all
// kernels have, and what the variant has on one base only comes last.
var fragmentsOf = map[Variant][]string{
	VariantBase:    {"core", "md"},
	VariantPatched: {"core", "md"},
	VariantDebug:   {"core", "md", "debug"},
	VariantKCSAN:   {"core", "md", "kcsan"},
	VariantModular: {"core", "md", "debug", "modular"},
	VariantRAID6:   {"core", "md", "raid6"},
}

// symbol is one wish of a fragment.
type symbol struct {
	name  string // with CONFIG_
	value string // y, m, a number or a quoted string; n for unset
	where string // file:line
}

// line is the symbol as it is written in a .config.
func (s symbol) line() string {
	if s.value == "n" {
		return "# " + s.name + " is not set"
	}
	return s.name + "=" + s.value
}

// symbolsOf reads the fragments of a base's variant. Of two wishes for one symbol the
// later counts.
func symbolsOf(b Base, v Variant) ([]symbol, error) {
	names := slices.Clone(fragmentsOf[v])
	if b.Fragment != "" {
		names = slices.Insert(names, 2, b.Fragment)
		if own := string(v) + "-" + b.Fragment; hasFragment(own) {
			names = append(names, own)
		}
	}
	var all []symbol
	for _, name := range names {
		file := "config/" + name + ".config"
		text, err := fragmentFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		symbols, err := parseFragment("kernel/"+file, text)
		if err != nil {
			return nil, err
		}
		all = mergeSymbols(all, symbols)
	}
	return all, nil
}

// hasFragment tells whether there is a fragment of that name.
func hasFragment(name string) bool {
	_, err := fs.Stat(fragmentFiles, "config/"+name+".config")
	return err == nil
}

// parseFragment reads CONFIG_X=value and "# CONFIG_X is not set" lines.
func parseFragment(file string, text []byte) ([]symbol, error) {
	var symbols []symbol
	for i, line := range strings.Split(string(text), "\n") {
		where := fmt.Sprintf("%s:%d", file, i+1)
		name, value, ok := parseConfigLine(line)
		switch {
		case ok:
			symbols = append(symbols, symbol{name, value, where})
		case line != "" && !strings.HasPrefix(line, "#"):
			return nil, fmt.Errorf("%s: %q is neither CONFIG_X=value nor a comment", where, line)
		}
	}
	return symbols, nil
}

// parseConfigLine reads one line of a fragment or a .config.
func parseConfigLine(line string) (name, value string, ok bool) {
	if rest, found := strings.CutPrefix(line, "# "); found {
		name, ok = strings.CutSuffix(rest, " is not set")
		return name, "n", ok && strings.HasPrefix(name, "CONFIG_") && !strings.Contains(name, " ")
	}
	name, value, ok = strings.Cut(line, "=")
	return name, value, ok && strings.HasPrefix(name, "CONFIG_") && value != "" && !strings.Contains(name, " ")
}

// mergeSymbols adds more to all; a symbol that is there already moves to the
// end with its new value.
func mergeSymbols(all, more []symbol) []symbol {
	for _, s := range more {
		all = slices.DeleteFunc(all, func(o symbol) bool { return o.name == s.name })
		all = append(all, s)
	}
	return all
}

// mergeConfig puts the symbols into a .config. They come last because of two
// members of a choice Kconfig believes the later.
func mergeConfig(config []byte, symbols []symbol) []byte {
	wanted := map[string]bool{}
	for _, s := range symbols {
		wanted[s.name] = true
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(config)) {
		if name, _, ok := parseConfigLine(strings.TrimSuffix(line, "\n")); !ok || !wanted[name] {
			out.WriteString(line)
		}
	}
	for _, s := range symbols {
		out.WriteString(s.line() + "\n")
	}
	return out.Bytes()
}

// checkConfig reports every symbol whose value in the finished .config is not
// the one asked for. A symbol without a line is n.
func checkConfig(config []byte, symbols []symbol) error {
	got := map[string]string{}
	for line := range strings.Lines(string(config)) {
		if name, value, ok := parseConfigLine(strings.TrimSuffix(line, "\n")); ok {
			got[name] = value
		}
	}
	var lost []string
	for _, s := range symbols {
		value, ok := got[s.name]
		if !ok {
			value = "n"
		}
		if value != s.value {
			lost = append(lost, fmt.Sprintf("  %s: wanted %s, got %s", s.name+" ("+s.where+")", s.value, value))
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("%d symbols did not survive olddefconfig (renamed, or a dependency is missing?):\n%s",
		len(lost), strings.Join(lost, "\n"))
}

// hasModules reports whether a .config builds anything as a module.
func hasModules(config []byte) bool {
	for line := range bytes.Lines(config) {
		if bytes.HasPrefix(line, []byte("CONFIG_")) && bytes.HasSuffix(bytes.TrimSpace(line), []byte("=m")) {
			return true
		}
	}
	return false
}
