// SPDX-License-Identifier: BSD-3-Clause

// Package requirement holds the requirements R1 to R23 of docs/requirements.md as
// data: their titles, what shows each of them, and which outcomes of a race they allow.
package requirement

import "slices"

// Requirement is one of R1 to R23.
type Requirement struct {
	Name    string   // "R8"
	Title   string   // a short line for tables; docs/requirements.md has the whole sentence
	Windows []string // the windows that show it, too, by name
	NoCheck string   // why package checks has no check of it; "" where it has one
}

// all lists the requirements in order.
var all = []Requirement{
	{Name: "R1", Title: "an unconfigured device goes after its last close"},
	{Name: "R2", Title: "a device that an open makes is there for it", Windows: []string{"W14"}},
	{Name: "R3", Title: "and stays until an ioctl"},
	{Name: "R4", Title: "one ADD event, not one for each open", Windows: []string{"W18"}},
	{Name: "R5", Title: "a dying disk is never handed out", Windows: []string{"W1", "W3", "W3b"},
		NoCheck: "only a race can show it: its windows do"},
	{Name: "R6", Title: "an open that meets one waits and looks again", Windows: []string{"W1", "W2", "W2b", "W2c", "W2d"},
		NoCheck: "only a race can show it: its windows do"},
	{Name: "R7", Title: "an open of a numbered array does not fail", Windows: []string{"W4", "W4b", "W5"},
		NoCheck: "the races are judged by it: see Allowed"},
	{Name: "R8", Title: "a stopped array stays usable until its last close", Windows: []string{"W5b", "W15"}},
	{Name: "R9", Title: "clear > array_state stops and removes"},
	{Name: "R10", Title: "named arrays get a minor from 512 up"},
	{Name: "R11", Title: "bad names are refused, and nothing leaks"},
	{Name: "R12", Title: "so are names that can be another device's"},
	{Name: "R13", Title: "a named array is kept until it is stopped, and goes"},
	{Name: "R14", Title: "so is mdNNN that new_array has made"},
	{Name: "R15", Title: "an open that fails early leaves no reference"},
	{Name: "R16", Title: "what was written before a stop is on the members"},
	{Name: "R17", Title: "the module can be unloaded at any time", Windows: []string{"W7", "W8"}},
	{Name: "R18", Title: "holders, partitions, mounts, swap as before", Windows: []string{"W5c", "W6", "W6b", "W9", "W9b"}},
	{Name: "R19", Title: "what is missing gets ENXIO at once"},
	{Name: "R20", Title: "no open waits for a close; SIGKILL ends each wait", Windows: []string{"W5d", "W13"}},
	{Name: "R21", Title: "all that with both ways of removal", Windows: []string{"W10", "W1s", "W2s", "W3s", "W3t", "W5s", "W6s", "W9s"},
		NoCheck: "mdlife matrix runs all checks with each way of removal"},
	{Name: "R22", Title: "the unraced paths cost nothing",
		NoCheck: "mdlife bench measures it, and a verdict compares the races' stops"},
	{Name: "R23", Title: "nothing comes back to stay", Windows: []string{"W11", "W16", "W17"}},
}

// All lists the requirements in order.
func All() []Requirement { return slices.Clone(all) }

// ShownBy reports whether a window, which is named for example "W3", shows a
// requirement.
func ShownBy(name, window string) bool {
	return slices.ContainsFunc(all, func(r Requirement) bool {
		return r.Name == name && slices.Contains(r.Windows, window)
	})
}
