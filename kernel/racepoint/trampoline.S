/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a probed place to C and back, with every register and flag as it was:
 * a static function may keep to a calling convention of its own (-fipa-ra), and
 * a place within a function has none.
 */
#include <linux/linkage.h>

.macro TRAMPOLINE name function
SYM_CODE_START(\name)
	pushq	$0			/* becomes the address to go on at */
	pushfq
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	call	\function		/* keeps the other registers */
	movq	%rax, 80(%rsp)
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	popfq
	RET
SYM_CODE_END(\name)
.endm

TRAMPOLINE racepoint_enter racepoint_entered
TRAMPOLINE racepoint_leave racepoint_left
