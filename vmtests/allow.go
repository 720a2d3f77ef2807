// SPDX-License-Identifier: BSD-3-Clause

package vmtests

import "mdlife/vmtests/triage"

// expected lists the warnings that any kernel of a base may print, each with the reason.
// Every other warning is a finding.
var expected = append(duplicateSlabs("6.1", "6.12", "mainline"), []triage.Allow{
	{
		Base:   "mainline",
		Text:   "legacy_async_del_gendisk",
		Reason: "7.2 announces, once, that the parameter will go when an array is created by opening its node",
	},
	{
		Base: "6.12",
		Text: "sysfs_slab_add",
		Reason: "SLUB does not free the name of a cache's kobject where that cannot be added to sysfs, which R15-no-memory " +
			"has happen; it goes on without",
	},
}...)

// duplicateSlabs are about raid5's stripe caches. SLUB's names of caches that may be
// merged begin with a colon. The kernel says it twice, and others may speak in between.
func duplicateSlabs(bases ...string) (all []triage.Allow) {
	for _, base := range bases {
		for _, text := range []string{"cannot create duplicate filename '/kernel/slab/", "kobject_add_internal failed for :"} {
			all = append(all, triage.Allow{
				Base: base,
				Text: text,
				Reason: "kmem_cache_destroy() takes the directory of a cache away when it has let go of slab_mutex: a raid5 that starts " +
					"while another stops, both with a stripe cache of one size, may find it there; seen now and then in mdlife arrays",
			})
		}
	}
	return all
}

// expectedUnpatched lists the warnings that only a base's unpatched kernel may print: bugs
// that the series fixes. They must not end its run before it has raced.
var expectedUnpatched = []triage.Allow{
	{
		Base:   "6.1",
		Text:   "sysfs: cannot create duplicate filename '/devices/virtual/block/md",
		Reason: "a member is added before its removed kobject has gone; fixed by 'md: wait for removed members before adding one'",
	},
	{
		Base:   "6.1",
		Text:   "bind_rdev_to_array",
		Reason: "a member is added to an array that is not set up yet; fixed by 'md: hold off opens until a new device is set up'",
	},
	{
		Base:   "6.1",
		Text:   "kernfs_get",
		Reason: "such an array is stopped, whose directory is not there; fixed by 'md: hold off opens until a new device is set up'",
	},
	{
		Base:   "mainline",
		Text:   "md_kobj_release",
		Reason: "a disk is deleted by the stop and again when the array is freed; fixed by 'md: delete the disk exactly once, from the stop or from del_work'",
	},
}

// allowed returns the entries for one kernel of a base.
func allowed(base string, unpatched bool) []triage.Allow {
	list := expected
	if unpatched {
		list = append(list[:len(list):len(list)], expectedUnpatched...)
	}
	var out []triage.Allow
	for _, a := range list {
		if a.Base == base {
			out = append(out, a)
		}
	}
	return out
}
