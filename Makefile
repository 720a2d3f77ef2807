# SPDX-License-Identifier: BSD-3-Clause

BASE       ?= 6.1
KERNEL_SRC ?=
QUICK      ?=
SEED       ?=
MINUTES    ?=
SERIES     ?= all
TO         ?=
SIGNOFF    ?=
GOTESTFLAGS ?=
GOTEST     ?= go test

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
BASES       := $(patsubst patches/%/series,%,$(wildcard patches/*/series))
MDLIFE      := out/bin/mdlife

ifneq ($(filter-out help clean deps deps-cross deps-bots,$(or $(MAKECMDGOALS),help)),)
ifeq ($(filter $(BASE),$(BASES)),)
$(error BASE=$(BASE): no such base, there are: $(BASES))
endif
# The parts of the base's series: SERIES=all, or names of some with commas between them.
PARTS := $(shell sed 's/\#.*//' patches/$(BASE)/series)
comma := ,
ifneq ($(if $(SERIES),,none)$(filter-out all $(PARTS),$(subst $(comma), ,$(SERIES))),)
$(error SERIES=$(SERIES): want all, or of $(PARTS): one, or several as A,B)
endif
ifneq ($(filter-out 1 y yes true on 0 n no false off,$(QUICK)),)
$(error QUICK=$(QUICK): want 1 or 0)
endif
endif

export KERNEL_SRC SERIES TO SIGNOFF # for the shell to quote them
patch_flags = -base $(BASE) -series "$$SERIES"
base_flags = $(patch_flags) $(if $(KERNEL_SRC),-tree "$$KERNEL_SRC")
run_flags  = $(base_flags) $(if $(filter 1 y yes true on,$(QUICK)),-quick) $(if $(SEED),-seed $(SEED))

# $(call takes,A B): say which variables that were given to make do nothing here.
takes = $(foreach v,$(filter-out $1,BASE KERNEL_SRC QUICK SEED MINUTES SERIES TO SIGNOFF),$(if $(filter command,$(origin $v)),$(info note: make $@ takes no $v, only $(or $1,none))))

.PHONY: help
help: ## show this help
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' Makefile | expand -t 22
	@echo "Variables: BASE=6.1 (of: $(BASES)), KERNEL_SRC=<your kernel tree>, QUICK=1, SEED=<number>, MINUTES=<number>, SERIES=all (or parts of patches/BASE/series, as A,B), TO=<directory>, SIGNOFF=\"Name <mail>\""

.PHONY: vmtest
vmtest: deps $(MDLIFE) ## build both kernels, boot them, race opens against stops, compare
	$(call takes,BASE KERNEL_SRC QUICK SEED SERIES)
	@$(MDLIFE) vmtest $(run_flags)

.PHONY: test
test: deps $(MDLIFE) ## unit tests, go vet, linter, the patches' own checks; the series' end builds and boots
	$(call takes,BASE SERIES)
	go vet ./...
	go run $(STATICCHECK) ./...
	$(GOTEST) $(GOTESTFLAGS) ./...
	$(MDLIFE) raid6 check -base $(BASE) -short
	$(MDLIFE) check $(patch_flags) -end-builds

.PHONY: test-each
test-each: deps $(MDLIFE) ## build and boot the kernel after each patch, as far as anything has changed
	$(call takes,BASE SERIES)
	@$(MDLIFE) check $(patch_flags) -each-builds

.PHONY: check-bots
check-bots: deps deps-bots $(MDLIFE) ## what the robots of the kernel's lists would say of each patch: only new warnings
	$(call takes,BASE SERIES)
	@$(MDLIFE) check $(patch_flags) -bots

.PHONY: vmtest-all
vmtest-all: deps $(MDLIFE) ## vmtest on every base, and one table of all requirements and windows
	$(call takes,SEED)
	@$(MDLIFE) matrix $(if $(SEED),-seed $(SEED))

.PHONY: mutants
mutants: deps $(MDLIFE) ## take each mechanism out of the series in turn: the tests must notice
	$(call takes,BASE SEED SERIES)
	@$(MDLIFE) mutants $(patch_flags) $(if $(SEED),-seed $(SEED))

.PHONY: bisectable
bisectable: deps $(MDLIFE) ## build and boot every prefix of the series, and test what it claims so far
	$(call takes,BASE SERIES)
	@$(MDLIFE) bisectable $(patch_flags)

.PHONY: post
post: deps $(MDLIFE) ## write the part SERIES=data as mails into TO=data-v1, signed off by SIGNOFF="Name <mail>"
	$(call takes,BASE SERIES TO SIGNOFF)
	@$(MDLIFE) post $(patch_flags) -to "$$TO" -signoff "$$SIGNOFF"

.PHONY: soak
soak: deps $(MDLIFE) ## race at random for MINUTES=10, on several devices at once
	$(call takes,BASE KERNEL_SRC SEED MINUTES SERIES)
	@$(MDLIFE) soak $(base_flags) $(if $(MINUTES),-minutes $(MINUTES)) $(if $(SEED),-seed $(SEED))

.PHONY: windows
windows: deps $(MDLIFE) ## force each race window: the unpatched kernel fails in it, the patched one holds
	$(call takes,BASE KERNEL_SRC SERIES)
	@$(MDLIFE) windows $(base_flags)

.PHONY: bench
bench: deps $(MDLIFE) ## how fast: boot, and what the series costs where nobody races
	$(call takes,BASE KERNEL_SRC SERIES)
	@$(MDLIFE) bench $(base_flags)

.PHONY: bench-raid6
bench-raid6: deps $(MDLIFE) ## RAID-6 arithmetic, unpatched, patched and others', natively side by side
	$(call takes,BASE QUICK)
	@tools/mdlife/deps.sh packages-bench.txt
	@$(MDLIFE) raid6 bench -base $(BASE) $(if $(filter 1 y yes true on,$(QUICK)),-quick)

.PHONY: bench-md
bench-md: deps $(MDLIFE) ## raid5 and raid6 arrays in guests: writes, degraded reads, rebuilds, and their CPU time
	$(call takes,BASE KERNEL_SRC QUICK SERIES)
	@$(MDLIFE) bench $(base_flags) -what md -rounds $(if $(filter 1 y yes true on,$(QUICK)),3,5)

.PHONY: deps-cross
deps-cross: ## install the cross compilers with which make test checks other CPUs' RAID-6 code (500 MB)
	@tools/mdlife/deps.sh packages-cross.txt

.PHONY: deps-bots
deps-bots: ## install the tools of make check-bots (clang, sparse, coccinelle, codespell: 700 MB)
	@tools/mdlife/deps.sh packages-bots.txt

.PHONY: shell
shell: deps $(MDLIFE) ## a prompt inside the patched kernel
	$(call takes,BASE KERNEL_SRC SERIES)
	@$(MDLIFE) shell $(base_flags)

.PHONY: deps
deps: ## install what is missing (as root), or tell how
	@tools/mdlife/deps.sh

.PHONY: clean
clean: ## remove out/ (the cache in ~/.cache/mdlife stays)
	$(call takes,)
	rm -rf out

# A program of its own, for `go run` turns every exit code into 1.
.PHONY: $(MDLIFE)
$(MDLIFE): deps
	@go build -o $@ ./tools/mdlife
