// SPDX-License-Identifier: BSD-3-Clause

package bots

import (
	"strings"
	"testing"
)

const threeFunctions = `static int a;

static int one(int x)
{
	return x;
}

/* of use */
static int
two(int y)
{
	return y;
}

struct s t = {
	.f = one,
};

int three(void)
{
	return two(a);
}
`

// TestReduce: only the functions that the patch touches keep their bodies, in both states, and all
// lines their numbers.
func TestReduce(t *testing.T) {
	after := strings.Replace(threeFunctions, "return y;", "return y + 1;", 1)
	p := diff("a.c x > y")
	p.Text = []byte(strings.Replace(string(p.Text), "@@ -1 +1 @@\n-x\n+y\n", "@@ -12 +12 @@\n-\treturn y;\n+\treturn y + 1;\n", 1))
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	old, new := reduce(threeFunctions, after, files[0])
	want := strings.NewReplacer("{\n\treturn x;\n}", ";\n\n", "{\n\treturn two(a);\n}", ";\n\n")
	if old != want.Replace(threeFunctions) || new != want.Replace(after) {
		t.Errorf("before:\n%s\nafter:\n%s", old, new)
	}
}
