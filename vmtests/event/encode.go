// SPDX-License-Identifier: BSD-3-Clause

package event

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// longestPlan is how long a plan may be as a kernel parameter: x86 cuts the command line off behind
// 2048 bytes, with the other parameters in it.
const longestPlan = 1800

// Encode returns the plan as a kernel parameter without white space.
func (p Plan) Encode() (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	packed, err := pack(b)
	if err != nil {
		return "", err
	}
	arg := PlanArg + base64.RawURLEncoding.EncodeToString(packed)
	if len(arg) > longestPlan {
		return "", fmt.Errorf("the plan takes %d bytes of the kernel's command line, and %d are left for it: name fewer tests, or all of a kind",
			len(arg), longestPlan)
	}
	return arg, nil
}

// pack makes a plan shorter: long ones are lists of names that are alike.
func pack(plan []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plan); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

// DecodePlan finds and decodes the plan in a kernel command line. It returns
// false where the command line holds none.
func DecodePlan(cmdline string) (Plan, bool, error) {
	for _, arg := range strings.Fields(cmdline) {
		enc, ok := strings.CutPrefix(arg, PlanArg)
		if !ok {
			continue
		}
		packed, err := base64.RawURLEncoding.DecodeString(enc)
		if err != nil {
			return Plan{}, false, fmt.Errorf("kernel parameter %s: %w", PlanArg, err)
		}
		b, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		if err != nil {
			return Plan{}, false, fmt.Errorf("kernel parameter %s: %w", PlanArg, err)
		}
		var p Plan
		if err := json.Unmarshal(b, &p); err != nil {
			return Plan{}, false, fmt.Errorf("kernel parameter %s: %w", PlanArg, err)
		}
		return p, true, nil
	}
	return Plan{}, false, nil
}
