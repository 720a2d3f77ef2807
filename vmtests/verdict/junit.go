// SPDX-License-Identifier: BSD-3-Clause

package verdict

import (
	"fmt"
	"io"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// WriteJUnit writes the rules as JUnit XML: one suite, one case a rule, with
// the requirement in the class name.
func (rep *Report) WriteJUnit(w io.Writer) error {
	suite := junit.Testsuite{
		Name:      "mdlife." + rep.Base,
		Timestamp: rep.Started.Format(time.RFC3339),
	}
	suite.AddProperty("verdict", string(rep.Verdict))
	suite.AddProperty("seed", fmt.Sprint(rep.Seed))
	suite.AddProperty("unpatched", rep.Unpatched.Key)
	suite.AddProperty("patched", rep.Patched.Key)
	for _, r := range rep.Rules {
		tc := junit.Testcase{
			Name:      r.Name,
			Classname: "mdlife." + rep.Base + "." + orElse(r.Requirement, "run"),
			Time:      fmt.Sprintf("%.3f", r.Seconds),
		}
		if r.OK {
			tc.SystemOut = &junit.Output{Data: r.Detail}
		} else {
			tc.Failure = &junit.Result{Message: r.Detail, Type: string(rep.Verdict), Data: r.Reason()}
		}
		suite.AddTestcase(tc)
	}
	var all junit.Testsuites
	all.AddSuite(suite)
	return all.WriteXML(w)
}
