// SPDX-License-Identifier: BSD-3-Clause

package kernel

import (
	"slices"
	"strings"
	"testing"
)

// lacks lists the personalities that a base does not have.
var lacks = map[string][]string{
	"6.12":     {"MD_MULTIPATH", "MD_FAULTY"},
	"mainline": {"MD_MULTIPATH", "MD_FAULTY"},
}

// everywhere lists what all bases have.
var everywhere = []string{"BLK_DEV_MD", "MD_RAID0", "MD_RAID1", "MD_RAID10", "MD_RAID456"}

func TestFragmentsOfVariants(t *testing.T) {
	for _, b := range Bases() {
		t.Run(b.Name, func(t *testing.T) { testFragments(t, b) })
	}
}

func testFragments(t *testing.T, b Base) {
	for _, v := range Variants() {
		built := "y"
		if v == VariantModular {
			built = "m"
		}
		symbols, err := symbolsOf(b, v)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, s := range symbols {
			if _, twice := got[s.name]; twice {
				t.Errorf("%s: %s is there twice", v, s.name)
			}
			got[s.name] = s.value
		}
		for _, name := range []string{"BLK_DEV_MD", "MD_LINEAR", "MD_RAID0", "MD_RAID1", "MD_RAID10", "MD_RAID456", "MD_MULTIPATH", "MD_FAULTY"} {
			left := slices.Contains(lacks[b.Name], name) || v == VariantModular && !slices.Contains(everywhere, name)
			if asks := got["CONFIG_"+name] == built; asks == left {
				t.Errorf("%s asks for %s=%q", v, name, got["CONFIG_"+name])
			}
		}
		if debug := got["CONFIG_KASAN"] == "y"; debug != (v == VariantDebug || v == VariantModular) {
			t.Errorf("%s: KASAN is %v", v, debug)
		}
	}
}

func TestMergeAndCheckConfig(t *testing.T) {
	symbols, err := parseFragment("f.config", []byte("# why\nCONFIG_A=y\nCONFIG_B=n\n# CONFIG_C is not set\nCONFIG_D=\"x y\"\nCONFIG_A=n\n\nCONFIG_E=64\n"))
	if err != nil {
		t.Fatal(err)
	}
	symbols = mergeSymbols(nil, symbols)
	config := mergeConfig([]byte("# head\nCONFIG_A=y\nCONFIG_AA=y\nCONFIG_C=m\n# CONFIG_E is not set\n"), symbols)
	want := "# head\nCONFIG_AA=y\n# CONFIG_B is not set\n# CONFIG_C is not set\nCONFIG_D=\"x y\"\n# CONFIG_A is not set\nCONFIG_E=64\n"
	if string(config) != want {
		t.Errorf("merged:\n%swant:\n%s", config, want)
	}
	if err := checkConfig(config, symbols); err != nil {
		t.Errorf("what was merged did not survive: %v", err)
	}
}

func TestCheckConfigNamesEveryLostSymbol(t *testing.T) {
	symbols, err := parseFragment("kernel/config/md.config", []byte("CONFIG_MD=y\nCONFIG_GONE=y\nCONFIG_OFF=n\nCONFIG_N=5\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = checkConfig([]byte("CONFIG_MD=y\nCONFIG_OFF=y\nCONFIG_N=6\n"), symbols)
	if err == nil {
		t.Fatal("lost symbols went unnoticed")
	}
	for _, want := range []string{
		"3 symbols",
		"CONFIG_GONE (kernel/config/md.config:2): wanted y, got n",
		"CONFIG_OFF (kernel/config/md.config:3): wanted n, got y",
		"CONFIG_N (kernel/config/md.config:4): wanted 5, got 6",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

func TestParseFragmentRejectsNonsense(t *testing.T) {
	for _, line := range []string{"CONFIG_A", "A=y", "CONFIG_A=", "CONFIG_A =y"} {
		if _, err := parseFragment("f", []byte("\n"+line+"\n")); err == nil || !strings.Contains(err.Error(), "f:2") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestLostSymbolStopsBuild(t *testing.T) {
	req := fakeRequest(t, map[string]string{"Kconfig.lost": "CONFIG_MD_RAID10=y\n"})
	_, err := Build(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "CONFIG_MD_RAID10 (kernel/config/md.config:") {
		t.Errorf("got %v", err)
	}
}
