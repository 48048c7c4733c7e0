package strict_test

import (
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func TestInstead(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1":                      "",
		"b: {c: 2}":                 "",
		"a: 1\nb: {d: 2}":           "",
		"a: 1\nb: {c: 2}":           "f:1:1: a: a and b.c cannot be combined: one is enough",
		"b: {d: 2}":                 "f:1:1: a: missing; write it",
		"b: text":                   "f:1:1: a: missing; write it",
		"[]":                        "f:1:1: expected a mapping with a, b or d, found a list",
		"a: 1\nd: {e: {f: 1}}":      "",
		"b: {c: 2}\nd: {e: {f: 1}}": "f:2:9: d.e.f: d.e.f and b.c cannot be combined: they differ",
		"b: {c: 2}\nd: {e: {g: 1}}": "",
		"x: &x {c: 2}\nb: *x\na: 1": "f:3:1: a: a and b.c cannot be combined: one is enough",
	} {
		r := strict.NewReader("f")
		if root := r.Parse([]byte(text)); root != nil {
			skip := func(*yaml.Node) {}
			r.Mapping(root, strict.Key("a", "", skip), strict.Key("b", "", skip), strict.Key("d", "", skip), strict.Aside("x", ""))
			r.Instead(root, "b.c", "a", "write it", strict.Barred{Path: "a", Why: "one is enough"}, strict.Barred{Path: "d.e.f", Why: "they differ"})
		}
		if got := r.Problems().Error(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
