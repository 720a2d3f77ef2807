/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RACEPOINT_TRAMPOLINE_H
#define RACEPOINT_TRAMPOLINE_H

#include <linux/linkage.h>

#ifndef CONFIG_X86_64
#error racepoint is for x86-64 only: see trampoline.S for the registers that it saves
#endif

/*
 * Where a held task goes on instead of at the probed instruction, and instead
 * of at its return address. Not to be called from C: on the stack is what is
 * there at the place that was left.
 */
asmlinkage void racepoint_enter(void);
asmlinkage void racepoint_leave(void);

/*
 * The trampolines call these with all registers saved. They hold the task, and
 * return the address at which it goes on.
 */
asmlinkage unsigned long racepoint_entered(void);
asmlinkage unsigned long racepoint_left(void);

#endif
