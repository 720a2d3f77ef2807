// SPDX-License-Identifier: BSD-3-Clause

package post

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// changeID is what the versions of a series have in common, in b4's form: a day, a name and
// twelve hexadecimal digits. b4 draws the digits; here they are made of the base's and the
// part's name, so that each run has the same. The day is that of the oldest patch.
func (req Request) changeID(ctx context.Context, r repo, l letter) (string, error) {
	if l.changeID != "" {
		return l.changeID, nil
	}
	day, err := r.firstDay(ctx)
	if err != nil {
		return "", err
	}
	name := strings.Join([]string{"md", cmp.Or(req.Part.Name, "series"), req.Base}, "-")
	sum := sha256.Sum256([]byte("mdlife " + name))
	return day + "-" + notInID.ReplaceAllString(name, "-") + "-" + hex.EncodeToString(sum[:])[:12], nil
}

// notInID matches what has no place in a change-id.
var notInID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
