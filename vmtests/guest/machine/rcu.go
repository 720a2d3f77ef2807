// SPDX-License-Identifier: BSD-3-Clause

package machine

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"mdlife/tools/md"
)

// hurries has the kernel's grace periods end as soon as they can: whoever assembles and stops arrays
// hundreds of times waits for little else.
var hurries = []struct{ file, value string }{
	{"/sys/kernel/rcu_expedited", "1"},
	{"/sys/module/rcutree/parameters/jiffies_till_first_fqs", "0"},
	{"/sys/module/rcutree/parameters/jiffies_till_next_fqs", "1"},
}

// hurried counts those who want that, and has what was set before.
var hurried struct {
	sync.Mutex
	by     int
	before []string
}

// HurryRCU has the kernel's grace periods be short until done is called, by the last of those who have
// called it.
func HurryRCU() (done func() error, err error) {
	hurried.Lock()
	defer hurried.Unlock()
	if hurried.by == 0 {
		if err := hurry(); err != nil {
			return nil, err
		}
	}
	hurried.by++
	return unhurry, nil
}

// hurry sets what there is, and keeps what was set before.
func hurry() error {
	hurried.before = nil
	for _, h := range hurries {
		before, err := os.ReadFile(h.file)
		if err == nil {
			err = md.WriteFile(h.file, h.value)
		}
		if err != nil {
			return fmt.Errorf("%s > %s: %w", h.value, h.file, err)
		}
		hurried.before = append(hurried.before, strings.TrimSpace(string(before)))
	}
	return nil
}

// unhurry sets what was set before, if nobody wants anything else.
func unhurry() error {
	hurried.Lock()
	defer hurried.Unlock()
	if hurried.by--; hurried.by > 0 {
		return nil
	}
	for i, h := range hurries {
		if err := md.WriteFile(h.file, hurried.before[i]); err != nil {
			return fmt.Errorf("%s > %s: %w", hurried.before[i], h.file, err)
		}
	}
	return nil
}
