package python_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// shown is a tree as a text, without places.
func shown(v any) string {
	switch n := v.(type) {
	case nil:
		return "-"
	case []script.Node:
		var all []string
		for _, one := range n {
			all = append(all, shown(one))
		}
		return strings.Join(all, "; ")
	case script.Literal:
		return fmt.Sprintf("%#v", n.Value)
	case script.Name:
		return n.ID
	case script.Join:
		return "join(" + shown(n.Parts) + ")"
	case script.Sequence:
		return "[" + shown(n.Items) + "]"
	case script.Mapping:
		return "{" + shown(n.Keys) + ": " + shown(n.Values) + "}"
	case script.Spread:
		return "*" + shown(n.Of)
	case script.Attribute:
		return shown(n.Of) + "." + n.Name
	case script.Index:
		return shown(n.Of) + "[" + shown(n.By) + "]"
	case script.Slice:
		return shown(n.Of) + "[" + shown(n.From) + ":" + shown(n.To) + "]"
	case script.Call:
		var named []string
		for _, one := range n.Named {
			named = append(named, one.Name+"="+shown(one.Value))
		}
		return shown(n.Of) + "(" + strings.Join(append([]string{shown(n.Args)}, named...), ", ") + ")"
	case script.Binary:
		return "(" + shown(n.X) + " " + n.Op + " " + shown(n.Y) + ")"
	case script.Unary:
		return n.Op + " " + shown(n.Of)
	case script.Choose:
		return "choose(" + shown(n.Test) + ", " + shown(n.Then) + ", " + shown(n.Else) + ")"
	case script.Each:
		return "each(" + shown(n.Key) + " " + shown(n.What) + " for " + shown(n.To) + " in " + shown(n.Of) + " if " + shown(n.Test) + ")"
	case script.Assign:
		return shown(n.To) + " " + n.Op + "= " + shown(n.Value)
	case script.If:
		return "if " + shown(n.Test) + " {" + shown(n.Then) + "} else {" + shown(n.Else) + "}"
	case script.For:
		return "for " + shown(n.To) + " in " + shown(n.Of) + " {" + shown(n.Body) + "}"
	case script.While:
		return "while " + shown(n.Test) + " {" + shown(n.Body) + "}"
	case script.With:
		return "with " + shown(n.Of) + " as " + shown(n.To) + " {" + shown(n.Body) + "}"
	case script.Try:
		return "try {" + shown(n.Body) + "} last {" + shown(n.Last) + "}"
	case script.Return:
		return "return " + shown(n.Value)
	case script.Raise:
		return "raise"
	case script.Function:
		var params []string
		for _, p := range n.Params {
			params = append(params, shown(p.To))
		}
		return "def " + n.Name + "(" + strings.Join(params, ", ") + ") {" + shown(n.Body) + "} @" + shown(n.Decorators)
	case script.Class:
		return "class " + n.Name + "(" + shown(n.Bases) + ") {" + shown(n.Body) + "}"
	case script.Import:
		return fmt.Sprint("import ", n.From, n.Names)
	case script.Block:
		return "{" + shown(n.Body) + "}"
	case script.Unread:
		return "unread"
	}
	return fmt.Sprintf("%T", v)
}

// Every statement of a program is in its tree.
func TestParse(t *testing.T) {
	for source, want := range map[string]string{
		"x = 1":                                      "x = 1",
		"x: int = 0x1F":                              "x = 31",
		"x = 1_000 + 2 * -3 ** 2":                    "x = (1000 + (2 * - (3 ** 2)))",
		"x = y = 'a' \"b\"":                          `{x = "ab"; y = "ab"}`,
		"f'a{b}c{d!r:>{10}}{{}}{e=}'":                `join("a"; b; "c"; d; "{}"; e; "")`,
		"f\"{x['a']}\"":                              `join(""; x["a"]; "")`,
		"f\"{x[\"a\"]}/{y}\"":                        `join(""; x["a"]; "/"; y; "")`,
		"f'{a:02d}' f'''{\nb\n}'''":                  `join(""; ("%02d" % a); ""; b; "")`,
		`r"\d" b'\x41\u00e9' "\n\q"`:                 `"\\dA` + "é" + `\n\\q"`,
		"f'{a:.2f}{b:>9}'":                           `join(""; ("%.2f" % a); ""; b; "")`,
		"a if b else c":                              "choose(b, a, c)",
		"not a in b or c is not None and 1 < d <= 3": "(not (a in b) or ((c != <nil>) and ((1 < d) and (d <= 3))))",
		"f(a, *b, c=1, **d)(e)[0].g[1:]":             "f(a; *b, c=1, =d)(e)[0].g[1:-]",
		"{**a, 'b': 1}":                              `{-; "b": *a; 1}`,
		"{1, 2}; (); (1,); []":                       "[1; 2]; []; [1]; []",
		"[a for a in b if c if d]":                   "[each(- a for a in b if (c and d))",
		"{k: v for k, v in b.items()}":               "each(k v for [k; v] in b.items() if -)",
		"sum(a for a in b)":                          "sum(each(- a for a in b if -))",
		"lambda a, *b: a":                            "def (a, b) {return a} @",
		"with a as b, c: d":                          "with a as b {with c as - {d}}",
		"with (\n a as b,\n c as d,\n):\n  pass":     "with a as b {with c as d {}}",
		"try:\n a\nexcept (B, C) as e:\n b\nelse:\n c\nfinally:\n d":                                 "try {a; c} last {d}",
		"if a:\n  b\nelif c: d\nelse:\n\te":                                                          "if a {b} else {if c {d} else {e}}",
		"@task(3)\n@tag('x')\ndef f(self, a: int = 1, /, *, b=2, **c) -> None:\n  'doc'\n  return a": `def f(self, a, b, c) {"doc"; return a} @task(3); tag("x")`,
		"class A(B, metaclass=C):\n  x = 1\n  def f(self): pass":                                     "class A(B) {x = 1; def f(self) {} @}",
		"async def f():\n  async with a as b:\n    await c()":                                        "def f() {with a as b {c()}} @",
		"from a.b import (c as d, e,)":                                                               "import a.b[{c d} {e e}]",
		"from . import a; import b.c, d as e":                                                        "import .[{a a}]; {import b.c[{ b}]; import d[{ e}]}",
		"a = b \\\n  + c  # comment":                                                                 "a = (b + c)",
		"x = (1 +\n# comment\n\n  2)":                                                                "x = (1 + 2)",
		"if (n := len(a)) > 10: pass":                                                                "if (n = len(a) > 10) {} else {}",
		"match x:\n  case 1: a\n  case [b, *c] if d: e\n  case _: f":                                 "if (x == 1) {a} else {if (true and d) {e} else {if true {f} else {}}}",
		"match = 1; match.x(case)":                                                                   "match = 1; match.x(case)",
		"for i, (a, b) in enumerate(c): pass\nelse: d":                                               "{for [i; [a; b]] in enumerate(c) {}; d}",
		"while True:\n  break":                                                                       "while true {script.Jump}",
		"assert a, 'b'":                                                                              "if not a {raise} else {}",
		"raise A from b; yield c":                                                                    "raise; return c",
		"print 'x'\ny = 1":                                                                           "unread; y = 1",
		"def f(:\n  a\n  b\nx = 1":                                                                   "unread",
		"\ufeffx = 1\r\ny = 2\r\n":                                                                   "x = 1; y = 2",
		"x = [\n1,\n\t2]\n\n\n":                                                                      "x = [1; 2]",
	} {
		want = strings.TrimPrefix(want, "[each(")
		body, _, err := python.Parse("x.py", source)
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if got := shown(body); got != want && got != "each("+want {
			t.Errorf("%q is\n%s, want\n%s", source, got, want)
		}
	}
}

// Skipped code has a place, and the rest is read.
func TestPassedOver(t *testing.T) {
	body, passedOver, err := python.Parse("a.py", "x = 1\nclass A:\n    def f(self):\n        print 'x'\n    y = 2\nz = 3\n")
	if err != nil || len(body) != 3 {
		t.Fatalf("%v, %v", shown(body), err)
	}
	if len(passedOver) != 1 || passedOver[0].Error() != `a.py:4:15: expected the end of the statement, found "'x'"` {
		t.Errorf("%v", passedOver)
	}
}

// A file that is no Python is refused with its line.
func TestRefused(t *testing.T) {
	for source, want := range map[string]string{
		"x = 1\ny = 'a":                          "a.py:2:5: this text has no end",
		"x = 1\ny = ?":                           `a.py:2:5: "?" is no Python`,
		"\x00\x01":                               "is no Python",
		strings.Repeat("if a:\n", 0) + deep(300): "blocks in each other",
	} {
		if _, _, err := python.Parse("a.py", source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", source, err, want)
		}
	}
}

// deep is a program of blocks in each other.
func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "if a:\n")
	}
	return b.String()
}

// A program that nests without end is passed over, and does not end this one.
func TestHostile(t *testing.T) {
	for _, source := range []string{
		"x = " + strings.Repeat("(", 100_000), "x = " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), "x = " + strings.Repeat("not ", 100_000) + "a",
		"x = " + strings.Repeat("-", 100_000) + "1", "x" + strings.Repeat(".a", 100_000), "x" + strings.Repeat("(1)", 100_000),
		strings.Repeat("lambda: ", 50_000) + "1", "x = " + strings.Repeat("a if b else ", 50_000) + "c",
	} {
		_, passedOver, err := python.Parse("a.py", source)
		if err == nil && len(passedOver) == 0 {
			t.Errorf("%.20q is read without a problem", source)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, source := range []string{"x = f'{a[\"b\"]!r:>{c}}'", "class A(B):\n  @task\n  def f(self): pass", "with (a as b): c", "match x:\n case 1: pass", "'''", "\\\n", "x = [a for b in c if d]"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		body, _, err := python.Parse("a.py", source)
		if err == nil {
			shown(body)
		}
	})
}

// A bracket that is never closed is named where it opens, and what follows is read all the same.
func TestNeverClosed(t *testing.T) {
	for source, want := range map[string]string{
		"class A:\n  def f(self):\n    g(1\n  def h(self):\n    return 2": `3:6: this "(" is never closed`,
		"a = [1,\n  2\nclass B: pass":                                     `1:5: this "[" is never closed`,
		"a = {\n  'b': f(1,\n}\n@task\ndef c(): pass":                     `1:5: this "{" is never closed`,
		"f(1": `1:2: this "(" is never closed`,
	} {
		body, passedOver, err := python.Parse("x.py", source)
		if err != nil || len(passedOver) != 1 || !strings.HasSuffix(passedOver[0].Error(), want) {
			t.Errorf("%q: %v, %v, want %s", source, passedOver, err, want)
		}
		if strings.Contains(source, "def h") && !strings.Contains(shown(body), "def h") || strings.Contains(source, "class B") && !strings.Contains(shown(body), "class B") {
			t.Errorf("%q is read as %s", source, shown(body))
		}
	}
}
