// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"strings"
	"testing"

	"mdlife/kernel/series"
)

func TestExportsIn(t *testing.T) {
	got := strings.Join(exportsIn([]byte(`
EXPORT_SYMBOL(md_run);
EXPORT_SYMBOL_GPL(md_stop);
EXPORT_SYMBOL_NS_GPL(raid6_x, "RAID6");
EXPORT_SYMBOL_NS(raid6_y, RAID6);
EXPORT_TRACEPOINT_SYMBOL_GPL(block_split);
#define EXPORT_NOTHING(x) y
`)), "\n")
	want := []string{"md_run\tvmlinux\tEXPORT_SYMBOL\t", "md_stop\tvmlinux\tEXPORT_SYMBOL_GPL\t", "raid6_x\tvmlinux\tEXPORT_SYMBOL_GPL\tRAID6", "raid6_y\tvmlinux\tEXPORT_SYMBOL\tRAID6",
		"__tracepoint_block_split\tvmlinux\tEXPORT_SYMBOL_GPL\t", "__traceiter_block_split\tvmlinux\tEXPORT_SYMBOL_GPL\t",
		"__SCK__tp_func_block_split\tvmlinux\tEXPORT_SYMBOL_GPL\t", "__SCT__tp_func_block_split\tvmlinux\tEXPORT_SYMBOL_GPL\t"}
	if got != "0x00000000\t"+strings.Join(want, "\n0x00000000\t") {
		t.Errorf("%s", got)
	}
}

// TestTableFollowsTheState: what a patch exports is there, what the module itself exports is not.
func TestTableFollowsTheState(t *testing.T) {
	k := &checker{exports: exports{"a.c": exportsIn([]byte("EXPORT_SYMBOL(a);")), "md.c": exportsIn([]byte("EXPORT_SYMBOL(md);")), "c.c": exportsIn([]byte("EXPORT_SYMBOL(a);"))}}
	table, err := k.table(series.State{"b.c": []byte("EXPORT_SYMBOL(b);"), "md.c": []byte("EXPORT_SYMBOL(md);")}, []unit{{object: "md.o"}})
	if want := "0x00000000\ta\tvmlinux\tEXPORT_SYMBOL\t\n0x00000000\tb\tvmlinux\tEXPORT_SYMBOL\t\n"; err != nil || table != want {
		t.Errorf("%q, %v", table, err)
	}
}
