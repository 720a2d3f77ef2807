// SPDX-License-Identifier: BSD-3-Clause

// Package usage marks errors in what the user asked for, as opposed to work that
// failed: programs end with exit code 2 for them.
package usage

import (
	"errors"
	"fmt"
)

// Err is what every error of [Errorf] is, in the sense of [errors.Is].
var Err = errors.New("usage")

// mistake is an [Err] that reads as its text alone.
type mistake struct{ error }

func (mistake) Is(target error) bool { return target == Err }
func (m mistake) Unwrap() error      { return m.error }

// Errorf formats an error that is the user's mistake.
func Errorf(format string, args ...any) error { return mistake{fmt.Errorf(format, args...)} }
