// SPDX-License-Identifier: BSD-3-Clause

package initramfs

import (
	"slices"
	"strings"

	"mdlife/internal/usage"
)

// Userspace is a release of Debian: a guest has its mdadm, its systemd-udevd and its libraries.
type Userspace struct {
	Name string // of the suite: "trixie"

	suites  []string
	client  addition // to what all releases have
	volumes addition
}

// userspaces is the table of known ones, in the order of their age. A library that a program of
// [client] or [volumes] needs, and that is in no package here, is an error that names it; what
// systemd loads as it runs (the section .note.dlopen lists it) must be among the files.
var userspaces = []Userspace{
	{
		Name:   "bookworm",
		suites: []string{"bookworm", "bookworm-updates", "bookworm-security"},
		client: addition{
			packages: []string{"libacl1", "libcap2", "libpcre2-8-0", "libselinux1", "libssl3"},
			files:    []string{"etc/modprobe.d/mdadm.conf"},
		},
		volumes: addition{packages: []string{"libaio1", "libgcrypt20", "libgpg-error0", "liblz4-1", "liblzma5", "libzstd1"}},
	},
	{
		Name:   "trixie",
		suites: []string{"trixie", "trixie-updates", "trixie-security"},
		client: addition{
			packages: []string{"libsystemd-shared", "libacl1", "libaudit1", "libcap-ng0", "libcap2", "libcrypt1",
				"libmount1", "libpam0g", "libpcre2-8-0", "libseccomp2", "libselinux1", "libssl3t64", "zlib1g"},
			files: []string{"etc/modprobe.d/mdadm.conf", "usr/lib/x86_64-linux-gnu/libkmod.so.2"},
		},
		volumes: addition{packages: []string{"libaio1t64"}},
	},
	{
		Name:   "sid",
		suites: []string{"sid"},
		client: addition{
			packages: []string{"libsystemd-shared", "libssl3t64", "zlib1g"},
			files: []string{"usr/lib/modprobe.d/mdadm.conf",
				"usr/lib/x86_64-linux-gnu/libkmod.so.2", "usr/lib/x86_64-linux-gnu/libblkid.so.1"},
		},
		volumes: addition{packages: []string{"libaio1t64"}},
	},
}

// Userspaces returns the names of the known ones.
func Userspaces() []string {
	var names []string
	for _, u := range userspaces {
		names = append(names, u.Name)
	}
	return names
}

// FindUserspace returns the userspace of that name. Its error is a [usage.Err] that lists
// the known ones.
func FindUserspace(name string) (Userspace, error) {
	i := slices.IndexFunc(userspaces, func(u Userspace) bool { return u.Name == name })
	if i < 0 {
		return Userspace{}, usage.Errorf("no userspace %q; known releases of Debian: %s", name, strings.Join(Userspaces(), ", "))
	}
	return userspaces[i], nil
}

// addition is what a release needs more of Debian's packages.
type addition struct{ packages, files []string }

// selection is what a layer has of Debian's packages.
type selection struct {
	name string

	// packages are what the wanted files come from and what they need. A library
	// that is in none of them is an error that names it.
	packages []string

	// files are the wanted files and directories, by their names in a system with
	// everything below /usr. The libraries of the programs among them are added.
	files []string

	leaveOut []string // parts of files that no guest needs
}

// with returns the selection with what a release needs more.
func (s selection) with(more addition) selection {
	s.packages = slices.Concat(s.packages, more.packages)
	s.files = slices.Concat(s.files, more.files)
	return s
}

// client is the real client of md, and who reacts to its devices.
var client = selection{
	name: "debian",
	packages: []string{
		"mdadm", "udev",
		"libblkid1", "libc6", "libgcc-s1", "libkmod2", "liblzma5", "libudev1", "libzstd1",
	},
	files: []string{
		"usr/sbin/mdadm",
		"usr/sbin/mdmon", // mdadm starts it for external metadata
		"usr/bin/udevadm",
		"usr/lib/systemd/systemd-udevd",
		"usr/lib/udev",
		"etc/udev",
		"usr/lib/x86_64-linux-gnu/libgcc_s.so.1", // glibc loads it for pthread_exit
	},
	leaveOut: []string{"usr/lib/udev/hwdb.d"}, // 12 MB about USB and PCI devices
}

// volumes are LVM's tools, for guests that put volumes on arrays.
var volumes = selection{
	name: "lvm",
	packages: []string{
		"lvm2",
		"libblkid1", "libbsd0", "libc6", "libcap2", "libdevmapper-event1.02.1", "libdevmapper1.02.1", "libedit2",
		"libmd0", "libpcre2-8-0", "libselinux1", "libsystemd0", "libtinfo6", "libudev1",
	},
	files: []string{"usr/sbin/lvm"},
}
