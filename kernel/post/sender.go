// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"net/mail"
	"strings"
	"unicode"

	"mdlife/internal/usage"
)

// ParseSender reads "Name <mail>". Without a name or without an address nothing can be signed
// off. Its errors are a [usage.Err].
func ParseSender(text string) (mail.Address, error) {
	const want = `want "Name <mail>", the name and address of who answers for the patches (the kernel's Documentation/process/submitting-patches.rst, "Developer's Certificate of Origin")`
	if strings.TrimSpace(text) == "" {
		return mail.Address{}, usage.Errorf("-signoff: %s", want)
	}
	sender, err := mail.ParseAddress(text)
	if err != nil {
		return mail.Address{}, usage.Errorf("-signoff %q has no mail address (%v): %s", text, err, want)
	}
	if strings.TrimSpace(sender.Name) == "" {
		return mail.Address{}, usage.Errorf("-signoff %q has no name: %s", text, want)
	}
	// Git leaves these out of a name, so that the sign-off would be another's.
	if strings.ContainsAny(sender.Name+sender.Address, "<>\n") || strings.ContainsFunc(sender.Name, unicode.IsControl) {
		return mail.Address{}, usage.Errorf("-signoff %q: no <, > or line break within the name: %s", text, want)
	}
	return *sender, nil
}
