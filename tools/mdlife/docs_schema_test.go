// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mdlife/vmtests/event"
	"mdlife/vmtests/verdict"
)

// TestVerdictPageHasEveryField: docs/verdict.md explains every field of a comparison's JSON
// and of an outcome's. A plan is explained by package event.
func TestVerdictPageHasEveryField(t *testing.T) {
	page := pageAt(loadPages(t), "docs/verdict.md")
	for heading, v := range map[string]any{"verdict.json": verdict.Report{}, "outcome.json": verdict.Outcome{}} {
		_, section, found := strings.Cut(page.text, "## `"+heading+"`\n")
		if !found {
			t.Fatalf("docs/verdict.md has no heading %s", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		words := regexp.MustCompile(`\w+`).FindAllString(section, -1)
		for _, name := range jsonFields(reflect.TypeOf(v), map[reflect.Type]bool{}) {
			if !slices.Contains(words, name) {
				t.Errorf("docs/verdict.md does not explain the field %s of %s", name, heading)
			}
		}
	}
}

// jsonFields lists the names of a type's fields in JSON, those within them as well.
func jsonFields(typ reflect.Type, seen map[reflect.Type]bool) (names []string) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return jsonFields(typ.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[typ] || typ == reflect.TypeFor[event.Plan]() || typ.Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil
	}
	seen[typ] = true
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || f.PkgPath != "" {
			continue
		}
		if name != "" {
			names = append(names, name)
		}
		names = append(names, jsonFields(f.Type, seen)...)
	}
	return names
}
