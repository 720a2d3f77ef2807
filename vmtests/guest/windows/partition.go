// SPDX-License-Identifier: BSD-3-Clause

package windows

import (
	"fmt"

	"mdlife/tools/md"
)

// partition puts one partition on the array, with a node of its own.
func (s *stage) partition(fd int) error {
	if err := md.WritePartition(fd, 2048, 8192); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	major, minor, err := md.PartitionNumber(s.name, s.name+"p1")
	if err != nil {
		return err
	}
	s.partNode, err = s.nodes.Make(major, minor)
	return err
}
