// SPDX-License-Identifier: GPL-2.0-only
/*
 * racepoint - hold a task at a chosen place in the kernel
 *
 * A test of a race needs one task to be at a certain place while another does
 * something. This module holds the one there until it is told to let go, or
 * until a cap is reached. It changes nothing in the kernel under test.
 *
 * A point is a symbol with an offset, or the return from a function. A kprobe's
 * handler cannot sleep, and what spins there keeps the CPU from all others. So
 * the handler sends the task to a trampoline, which saves all registers and
 * calls us in the task's own context: it sleeps, with nothing taken but what it
 * had, and goes on where it was. Its second visit to the probe is let through.
 *
 *	cd /sys/kernel/debug/racepoint
 *	echo arm NAME at=SYMBOL[+OFFSET] [return] [task=TID] [comm=PREFIX] \
 *		[nth=N] [cap=MS] [spin|watch] > control
 *	cat points		# a line each: hits, who is held, how it ended
 *	echo release NAME > control
 *	echo clear > control	# release and forget all
 *
 * Choose places where the task may sleep. Where interrupts are off or it is
 * seen to be in atomic context, or with "spin", the task spins instead; without
 * CONFIG_PREEMPT_COUNT a spinlock that is held is not seen. "watch" only counts.
 * After a task was held, the point lets all others pass. A task that should have
 * been held, but passed because too many others were on their way, is counted as
 * "lost" in points.
 *
 * The module cannot be unloaded: a task may be in it at any time. It is for
 * x86-64 only, whose registers and return addresses it knows; see trampoline.S.
 */
#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "trampoline.h"

#define CAP_MS		2000
#define MAX_CAP_MS	60000

enum end { ARMED, HOLDING, RELEASED, CAPPED };
static const char * const end_names[] = { "armed", "holding", "released", "capped" };

struct point {
	struct kprobe probe;
	char name[32];
	char symbol[64];
	unsigned int offset;
	bool used;

	/* Which visits count, and which of these is held. */
	bool at_return, spin, watch;
	int tid;
	char comm[TASK_COMM_LEN];
	int nth;
	unsigned int cap_ms;

	atomic_t hits;
	atomic_t lost;		/* not held, because visits[] was full */
	enum end end;
	pid_t held;		/* the task that is or was held */
	bool release;
	wait_queue_head_t wait;
};

static struct point points[16];
static DEFINE_MUTEX(control_mutex);	/* for what does not happen in a visit */

/* Where a task on its way through a point is. */
enum visit_step {
	ENTERED,	/* sent to racepoint_enter, where it is held */
	PASSING,	/* held, and on its way back to the probe, which lets it pass */
	LEAVING,	/* in the function, whose return leads to racepoint_leave */
};

static const char * const step_names[] = { "ENTERED", "PASSING", "LEAVING" };

/*
 * A task on its way through a point. Each task touches its own visits only, so
 * that only taking a free one must be atomic.
 */
struct visit {
	struct task_struct *task;	/* NULL: free */
	struct point *point;		/* set last, and cleared first */
	enum visit_step step;
	unsigned long resume_ip;	/* where the task goes on */
};

static struct visit visits[64];

static struct visit *new_visit(struct point *point, enum visit_step step,
			       unsigned long resume_ip)
{
	struct visit *v;

	for (v = visits; v < visits + ARRAY_SIZE(visits); v++) {
		if (cmpxchg(&v->task, NULL, current))
			continue;
		v->step = step;
		v->resume_ip = resume_ip;
		/* Pairs with forget_point(), which looks at the step next */
		smp_store_release(&v->point, point);
		return v;
	}
	atomic_inc(&point->lost);
	return NULL;
}

/* pre_handler() ensures that a task has one visit of each step at most. */
static struct visit *my_visit(struct point *point, enum visit_step step)
{
	struct visit *v;

	for (v = visits; v < visits + ARRAY_SIZE(visits); v++)
		if (READ_ONCE(v->task) == current && v->step == step &&
		    (!point || v->point == point))
			return v;
	return NULL;
}

static void end_visit(struct visit *v)
{
	WRITE_ONCE(v->point, NULL);
	/* Whoever takes it next sees it empty */
	smp_store_release(&v->task, NULL);
}

static bool may_sleep(struct point *p)
{
	return !p->spin && !irqs_disabled() && !in_atomic();
}

static void spin(struct point *p)
{
	u64 end = ktime_get_mono_fast_ns() + (u64)p->cap_ms * NSEC_PER_MSEC;

	while (!READ_ONCE(p->release) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
}

static void hold(struct point *p)
{
	WRITE_ONCE(p->held, task_pid_nr(current));
	/* Who sees this in points_show() sees who is held */
	smp_store_release(&p->end, HOLDING);
	if (may_sleep(p))
		wait_event_timeout(p->wait, READ_ONCE(p->release),
				   msecs_to_jiffies(p->cap_ms));
	else
		spin(p);
	WRITE_ONCE(p->end, READ_ONCE(p->release) ? RELEASED : CAPPED);
}

/*
 * The visit of a task that has come to a trampoline. pre_handler() sends no task
 * there without one, and only its trampoline ends it. The visit alone knows where
 * the task goes on: without it the task cannot.
 */
static struct visit *trampoline_visit(enum visit_step step)
{
	struct visit *v = my_visit(NULL, step);

	if (WARN(!v, "racepoint: %s[%d] is in a trampoline, but has no visit with step %s\n",
		 current->comm, task_pid_nr(current), step_names[step]))
		BUG();
	return v;
}

/* The task has left a probed place by way of racepoint_enter. */
asmlinkage unsigned long racepoint_entered(void)
{
	struct visit *v = trampoline_visit(ENTERED);
	unsigned long resume_ip = v->resume_ip;

	hold(v->point);
	/* From here on the visit is not ours any more, see forget_point() */
	smp_store_release(&v->step, PASSING);
	return resume_ip;
}

/* The task has returned from a probed function to racepoint_leave. */
asmlinkage unsigned long racepoint_left(void)
{
	struct visit *v = trampoline_visit(LEAVING);
	unsigned long resume_ip = v->resume_ip;

	hold(v->point);
	end_visit(v);
	return resume_ip;
}

static bool concerns(struct point *p)
{
	if (p->tid && p->tid != task_pid_nr(current))
		return false;
	return !strncmp(current->comm, p->comm, strlen(p->comm));
}

static int pre_handler(struct kprobe *probe, struct pt_regs *regs)
{
	struct point *p = container_of(probe, struct point, probe);
	struct visit *v = my_visit(p, PASSING);
	unsigned long *ret = (unsigned long *)regs->sp;

	if (v) {
		end_visit(v);
		return 0;
	}
	if (!concerns(p) || atomic_inc_return(&p->hits) != p->nth || p->watch)
		return 0;
	/* Held already: on its way to a return, or we use what is probed. */
	if (my_visit(NULL, p->at_return ? LEAVING : ENTERED))
		return 0;
	if (p->at_return) {
		if (new_visit(p, LEAVING, *ret))
			*ret = (unsigned long)racepoint_leave;
		return 0;
	}
	if (!new_visit(p, ENTERED, (unsigned long)probe->addr))
		return 0;
	instruction_pointer_set(regs, (unsigned long)racepoint_enter);
	return 1;
}
NOKPROBE_SYMBOL(pre_handler);

/* A probe with one is not turned into a jump, whose handler cannot redirect. */
static void not_optimized(struct kprobe *probe, struct pt_regs *regs,
			  unsigned long flags)
{
}

/*
 * Writes the first byte of a probed place again, as it is. QEMU's TCG invalidates
 * what it has translated just before it does a store. A CPU that comes by at that
 * moment translates the old byte once more, and goes on with that: it misses the
 * probe, or comes to its breakpoint for ever. When it has passed an IPI, which
 * ends the patching, it reads the new byte, and this takes the old one from it.
 */
static void write_again(struct point *p)
{
	void *place = p->probe.addr;
	bool in_module = (unsigned long)place >= MODULES_VADDR;
	struct page *page = in_module ? vmalloc_to_page(place) : virt_to_page(place);
	u8 *alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	u8 *byte;

	if (!alias)
		return;
	byte = alias + offset_in_page(place);
	WRITE_ONCE(*byte, READ_ONCE(*byte));
	vunmap(alias);
}

static int arm_probe(struct point *p)
{
	int err = register_kprobe(&p->probe);

	if (!err)
		write_again(p);
	return err;
}

/* unregister_kprobe() waits for all CPUs, also for one that is lost by then. */
static void disarm_probe(struct point *p)
{
	disable_kprobe(&p->probe);
	write_again(p);
	unregister_kprobe(&p->probe);
}

static struct point *find_point(const char *name)
{
	struct point *p;

	for (p = points; p < points + ARRAY_SIZE(points); p++)
		if (p->used && !strcmp(p->name, name))
			return p;
	return NULL;
}

static void release_point(struct point *p)
{
	WRITE_ONCE(p->release, true);
	wake_up_all(&p->wait);
}

/*
 * Waits for a task that is still on its way, which nothing holds any more. One
 * that has been let through does not find the probe, and leaves its visit to us:
 * after disarm_probe() no handler is running that could end it.
 */
static void forget_point(struct point *p)
{
	struct visit *v;

	release_point(p);
	disarm_probe(p);
	for (v = visits; v < visits + ARRAY_SIZE(visits); v++) {
		/* Pairs with new_visit() */
		while (smp_load_acquire(&v->point) == p &&
		       READ_ONCE(v->step) != PASSING)
			schedule_timeout_uninterruptible(1);
		if (READ_ONCE(v->point) == p)
			end_visit(v);
	}
	p->used = false;
}

static int set_place(struct point *p, char *place)
{
	char *offset = strchr(place, '+');

	if (offset) {
		*offset++ = 0;
		if (kstrtouint(offset, 0, &p->offset))
			return -EINVAL;
	}
	if (!*place || strscpy(p->symbol, place, sizeof(p->symbol)) < 0)
		return -EINVAL;
	return 0;
}

static int set_option(struct point *p, char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = 0;
	if (!value && !strcmp(word, "return"))
		p->at_return = true;
	else if (!value && !strcmp(word, "spin"))
		p->spin = true;
	else if (!value && !strcmp(word, "watch"))
		p->watch = true;
	else if (!value)
		return -EINVAL;
	else if (!strcmp(word, "at"))
		return set_place(p, value);
	else if (!strcmp(word, "task"))
		return kstrtoint(value, 0, &p->tid);
	else if (!strcmp(word, "nth"))
		return kstrtoint(value, 0, &p->nth);
	else if (!strcmp(word, "cap"))
		return kstrtouint(value, 0, &p->cap_ms);
	else if (!strcmp(word, "comm"))
		return strscpy(p->comm, value, sizeof(p->comm)) < 0 ? -EINVAL : 0;
	else
		return -EINVAL;
	return 0;
}

static struct point *new_point(const char *name)
{
	struct point *p;

	for (p = points; p < points + ARRAY_SIZE(points); p++) {
		if (p->used)
			continue;
		memset(p, 0, sizeof(*p));
		init_waitqueue_head(&p->wait);
		p->nth = 1;
		p->cap_ms = CAP_MS;
		p->probe.pre_handler = pre_handler;
		p->probe.post_handler = not_optimized;
		if (strscpy(p->name, name, sizeof(p->name)) < 0)
			return ERR_PTR(-ENAMETOOLONG);
		return p;
	}
	return ERR_PTR(-ENOSPC);
}

static int arm(char *name, char *options)
{
	struct point *p;
	char *word;
	int err;

	if (find_point(name))
		return -EEXIST;
	p = new_point(name);
	if (IS_ERR(p))
		return PTR_ERR(p);
	while ((word = strsep(&options, " ")) != NULL) {
		err = *word ? set_option(p, word) : 0;
		if (err)
			return err;
	}
	/* Only at a function's start is the return address where we look. */
	if (!p->symbol[0] || p->nth < 1 || p->cap_ms > MAX_CAP_MS ||
	    (p->at_return && p->offset))
		return -EINVAL;
	p->probe.symbol_name = p->symbol;
	p->probe.offset = p->offset;
	err = arm_probe(p);
	p->used = !err;
	return err;
}

static int clear(void)
{
	struct point *p;

	for (p = points; p < points + ARRAY_SIZE(points); p++)
		if (p->used)
			forget_point(p);
	return 0;
}

static int control(char *line)
{
	char *verb = strsep(&line, " ");
	char *name = strsep(&line, " ");
	struct point *p;

	if (!strcmp(verb, "clear"))
		return clear();
	if (!name || !*name)
		return -EINVAL;
	if (!strcmp(verb, "arm"))
		return arm(name, line);
	if (strcmp(verb, "release"))
		return -EINVAL;
	p = find_point(name);
	if (!p)
		return -ENOENT;
	release_point(p);
	return 0;
}

static ssize_t control_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char *line = memdup_user_nul(buf, min_t(size_t, len, 512));
	int err;

	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&control_mutex);
	err = control(strim(line));
	mutex_unlock(&control_mutex);
	kfree(line);
	return err ?: len;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.write = control_write,
	.llseek = noop_llseek,
};

/* One line a point, NAME KEY=VALUE ... */
static int points_show(struct seq_file *m, void *unused)
{
	struct point *p;

	mutex_lock(&control_mutex);
	for (p = points; p < points + ARRAY_SIZE(points); p++)
		if (p->used)
			seq_printf(m, "%s at=%s+%u hits=%d state=%s task=%d lost=%d\n",
				   p->name, p->symbol, p->offset,
				   atomic_read(&p->hits),
				   end_names[smp_load_acquire(&p->end)],
				   READ_ONCE(p->held), atomic_read(&p->lost));
	mutex_unlock(&control_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(points);

static int __init racepoint_init(void)
{
	struct dentry *dir = debugfs_create_dir("racepoint", NULL);

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	debugfs_create_file("control", 0200, dir, NULL, &control_fops);
	debugfs_create_file("points", 0400, dir, NULL, &points_fops);
	return 0;
}
module_init(racepoint_init);

MODULE_DESCRIPTION("Hold a task at a chosen place in the kernel");
MODULE_LICENSE("GPL");
