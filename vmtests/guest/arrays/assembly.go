// SPDX-License-Identifier: BSD-3-Clause

package arrays

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"mdlife/tools/md"
	"mdlife/vmtests/guest/machine"
)

// assemblies are the ways of mdadm to find an array again: each is a step of one cell.
var assemblies = []struct {
	name string
	do   func(ctx context.Context, r *rig, uuid string) error
}{
	{"by uuid", func(ctx context.Context, r *rig, uuid string) error {
		return r.mdadm(ctx, append([]string{"--assemble", r.newDev(), "--config=" + r.conf, "--uuid=" + uuid}, r.members[:r.level.members]...)...)
	}},
	{"by scan", func(ctx context.Context, r *rig, uuid string) error {
		if err := r.know(uuid); err != nil {
			return err
		}
		return r.mdadm(ctx, "--assemble", "--scan", "--config="+r.conf)
	}},
	{"incrementally", func(ctx context.Context, r *rig, uuid string) error {
		if err := r.know(uuid); err != nil {
			return err
		}
		for _, m := range r.members[:r.level.members] {
			if err := r.mdadm(ctx, "--incremental", "--config="+r.conf, m); err != nil {
				return err
			}
		}
		return nil
	}},
}

// know has mdadm's configuration name the array.
func (r *rig) know(uuid string) error {
	conf := fmt.Sprintf("%sDEVICE %s\nARRAY %s UUID=%s\n", confHead, strings.Join(r.members[:r.level.members], " "), r.newDev(), uuid)
	return os.WriteFile(r.conf, []byte(conf), 0o644)
}

// found are cells that have mdadm find a stopped array again in all its ways, and
// watch it.
func found(l level) []cell {
	if l.paths || l.end {
		return nil
	}
	return []cell{{name: l.name + "/assembly", level: l, run: findAgain}}
}

func findAgain(ctx context.Context, r *rig) (string, error) {
	r.does("create")
	if err := r.make(ctx, recipe{metadata: r.level.usual(), clean: r.level.redundant()}); err != nil {
		return "", err
	}
	var p pattern
	if err := p.write(r.dev()); err != nil {
		return "", err
	}
	uuid, err := r.uuid(ctx)
	if err != nil {
		return "", err
	}
	for i, a := range assemblies {
		way := stopWays[i%len(stopWays)]
		r.does("stop by %s", way)
		if err := r.halt(ctx, way); err != nil {
			return "", err
		}
		r.does("assemble %s", a.name)
		if err := a.do(ctx, r, uuid); err != nil {
			return "", err
		}
		if state, err := md.ReadAttr(r.kernelName(), "md/array_state"); err != nil || state == md.StateInactive || state == md.StateClear {
			return "", fmt.Errorf("assembled, but it is %q (%v)", state, err)
		}
		if err := errors.Join(r.whole(), p.verify(r.dev())); err != nil {
			return "", err
		}
	}
	r.does("monitor")
	if err := r.mdadm(ctx, "--monitor", "--oneshot", "--test", "--config="+r.conf, r.dev()); err != nil {
		return "", err
	}
	r.does("stop")
	return "by uuid, by scan, incrementally", r.halt(ctx, stopWays[0])
}

// uuid asks mdadm for the array's UUID.
func (r *rig) uuid(ctx context.Context) (string, error) {
	out, err := machine.RunMdadm(ctx, commandLimit, "--detail", "--brief", r.dev())
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	m := regexp.MustCompile(`UUID=([0-9a-f:]+)`).FindStringSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("mdadm --detail --brief names no UUID: %s", out)
	}
	return m[1], nil
}
