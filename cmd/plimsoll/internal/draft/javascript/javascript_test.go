package javascript_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/javascript"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// unread lists the places that have no form in the tree.
func unread(n any, found *[]script.At) {
	switch n := n.(type) {
	case []script.Node:
		for _, one := range n {
			unread(one, found)
		}
	case script.Unread:
		*found = append(*found, n.At)
	case script.Assign:
		unread(n.To, found)
		unread(n.Value, found)
	case script.Block:
		unread(n.Body, found)
	case script.Function:
		unread(n.Body, found)
	case script.Call:
		unread(n.Of, found)
		unread(n.Args, found)
	case script.Export:
		unread(n.Of, found)
	case script.If:
		unread(n.Then, found)
		unread(n.Else, found)
	case script.While:
		unread(n.Test, found)
		unread(n.Body, found)
	case script.Return:
		unread(n.Value, found)
	}
}

// Modern JavaScript has a form in the tree.
func TestParse(t *testing.T) {
	for _, source := range []string{
		"import a, { b as c, d } from 'x'; import * as e from 'y'; import 'z';", "export { a as b }; export * from 'x'; export default class A {}; export const c = 1, d = 2; export function f() {}",
		"const { a, b: { c = 1 }, ...d } = e, [f, , g = 2, ...h] = i;", "a?.b?.[c]?.(d) ?? e; a ||= b; a &&= c; a ??= d; a **= 2;", "const f = async ({ a, b }, c = 1, ...d) => { await a; return d; };",
		"class A extends B { #x = 1; static y = 2; constructor() { super(); } get z() { return this.#x; } static m() {} async n() {} }", "for (const a of b) {} for (let i = 0, j = 1; i < 2; i++, j--) {} for (const k in o) {} do { x(); } while (y);",
		"switch (a) { case 1: case 2: b(); break; default: c(); }", "try { a(); } catch { b(); } finally { c(); }", "l: for (;;) { break l; }", "`a${b}c${`d${e}`}`; tag`x${y}`;", "a = /x[/]y/gi; b = a / c / d;",
		"({ a, b: 1, 'c d': 2, [e]: 3, f() {}, get g() { return 1; }, ...h });", "new A; new A.B(1, ...c); typeof a; void 0; delete a.b; a in b; a instanceof B;", "a ? b : c ? d : e; (a, b); 1_000; 0x1f; 1n; 1e3;", "function* g() { yield 1; yield* h(); }",
	} {
		body, err := javascript.Parse("x.js", source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		var places []script.At
		if unread(body, &places); len(places) > 0 {
			t.Errorf("%s: %v is not read", source, places)
		}
	}
}

// Code that nests too deeply for the stack is refused with its line.
func TestDepth(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("(", 100_000), strings.Repeat("[", 100_000), "x = " + strings.Repeat("!", 1_000_000) + "1", strings.Repeat("() => ", 100_000) + "1", strings.Repeat("a ? b : ", 100_000) + "c",
		strings.Repeat("typeof ", 500_000) + "a", strings.Repeat("a = ", 100_000) + "1", strings.Repeat("`${", 10_000), strings.Repeat("{", 10_000), strings.Repeat(" ", 9<<20),
	} {
		if _, err := javascript.Parse("x.js", "\n"+source); err == nil || !strings.Contains(err.Error(), "is not read") {
			t.Errorf("%.20q: %v", source, err)
		}
	}
	long := "const a = [" + strings.Repeat("{ name: 'x y z', n: -1 }, ", 20_000) + "];"
	if _, err := javascript.Parse("x.js", long); err != nil {
		t.Errorf("a long list: %v", err)
	}
}
