// SPDX-License-Identifier: BSD-3-Clause

package progress

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"mdlife/internal/atomicfile"
	"mdlife/internal/cachedir"
)

// maxHistory bounds the file; a project has a few dozen phase names.
const maxHistory = 500

// history holds how long each phase took in earlier runs. It is a convenience:
// whatever goes wrong with its file is ignored. A nil history knows nothing.
type history struct {
	path  string
	took  map[string]time.Duration // as read, with which a run compares itself
	fresh map[string]time.Duration // of this run
}

// HistoryPath returns where durations are remembered: progress.json in the cache
// directory, or "" where the user has none.
func HistoryPath() string {
	dir, err := cachedir.Dir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "progress.json")
}

func loadHistory(path string) *history {
	return &history{path: path, took: readHistory(path), fresh: map[string]time.Duration{}}
}

func readHistory(path string) map[string]time.Duration {
	took := map[string]time.Duration{}
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &took) != nil || took == nil {
		return map[string]time.Duration{}
	}
	return took
}

// expected is how long the phase took last time, 0 if that is not known.
func (h *history) expected(name string) time.Duration {
	if h == nil {
		return 0
	}
	return h.took[name]
}

func (h *history) record(name string, took time.Duration) {
	if h != nil {
		h.fresh[name] = took
	}
}

// save adds this run's durations to what the file holds by now, since another
// run may have written it, and replaces the file in one step.
func (h *history) save() {
	if h == nil || h.path == "" || len(h.fresh) == 0 {
		return
	}
	all := readHistory(h.path)
	if len(all) > maxHistory {
		all = map[string]time.Duration{}
	}
	for name, took := range h.fresh {
		all[name] = took
	}
	// A convenience: whatever goes wrong, the phases were shown.
	_ = atomicfile.Write(h.path, func(w io.Writer) error { return json.NewEncoder(w).Encode(all) })
}
