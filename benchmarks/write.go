// SPDX-License-Identifier: BSD-3-Clause

package benchmarks

import (
	"encoding/json"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"mdlife/internal/atomicfile"
)

// file is the JSON form of a benchmark's result.
type file struct {
	Name   string    `json:"name"`
	Time   time.Time `json:"time"`
	CPUs   int       `json:"cpus"` // of the host
	Result any       `json:"result"`
}

// Write puts a result into out/bench/<name>.json under the repository's root.
func Write(root, name string, result any) error {
	return atomicfile.Write(filepath.Join(root, "out", "bench", name+".json"), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "\t")
		return enc.Encode(file{name, time.Now().UTC(), runtime.NumCPU(), result})
	})
}
