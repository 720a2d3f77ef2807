// SPDX-License-Identifier: BSD-3-Clause

package verdict

import "strings"

// powerRule is the one rule that looks for failures on the unpatched kernel.
const powerRule = "power"

// rule judges a report: it returns one result for each thing that it looked at. Results are
// named after one of its kinds: either just so, or with what they are about behind a dash
// ("race-ioctl"). The kind "R" stands for every check, for example "R8-inert-after-stop".
type rule struct {
	kinds []string
	judge func(*Report) []Result
}

// comparing are the rules of a comparison, in the order in which reasons are given.
// A new rule goes into this table or into [single], and into the test that sees each fail.
var comparing = []rule{
	{[]string{powerRule}, power},
	{[]string{"complete"}, complete},
	{[]string{"race"}, noRefusal},
	{[]string{"enough-opens", "enough-cycles"}, enough},
	{[]string{"raced"}, everyRaceRan},
	{[]string{"stop-delay", "stop-rate", "open-latency"}, fair},
	{[]string{"dmesg"}, cleanConsole},
	{[]string{checkKind}, checks},
	{[]string{"window"}, windows},
	{[]string{"gone"}, nothingLeft},
	{[]string{"leaks"}, noLeaks},
	{[]string{"mdadm-settled", "mdadm-left", "mdadm-create", "mdadm-stop"}, mdadmLoop},
}

// single are the rules for one kernel by itself, which is in the report as the patched one.
var single = []rule{
	{[]string{"complete"}, completeAlone},
	{[]string{"race"}, noRefusal},
	{[]string{"dmesg"}, cleanConsole},
	{[]string{checkKind}, checks},
	{[]string{"window"}, windowsAlone},
	{[]string{"array"}, testCases},
	{[]string{"gone"}, nothingLeft},
	{[]string{"leaks"}, noLeaks},
	{[]string{"mdadm-settled", "mdadm-reads", "mdadm-left", "mdadm-failed", "mdadm-adds"}, mdadmAlone},
	{[]string{"client-failed", "client-settled", "client-left", "client-reads"}, clientLoop},
	{[]string{"soak-gone", "soak-leaks"}, soakEnd},
}

// knownBugs are the rules for the unpatched kernel where windows are forced: it must fail
// in each of them as it is known to.
var knownBugs = []rule{
	{[]string{"complete"}, completeAlone},
	{[]string{"dmesg"}, cleanConsole},
	{[]string{"window"}, windowsKnown},
}

// checkKind is the kind of all checks, whose names begin with a requirement's.
const checkKind = "R"

// apply applies the rules in their order.
func apply(rules []rule, rep *Report) (results []Result) {
	for _, r := range rules {
		results = append(results, r.judge(rep)...)
	}
	return results
}

// is reports whether a result is of this kind.
func (r Result) is(kind string) bool {
	return r.Name == kind || strings.HasPrefix(r.Name, kind+"-") || kind == checkKind && r.isCheck()
}

// isCheck reports whether a result is a check's: "R8-inert-after-stop".
func (r Result) isCheck() bool {
	return r.Requirement != "" && strings.HasPrefix(r.Name, r.Requirement+"-")
}
