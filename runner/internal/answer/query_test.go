package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestQueryComparesNumbersExactly asks for neighbours that are the same double.
func TestQueryComparesNumbersExactly(t *testing.T) {
	const body = `{"a": [{"id": 9007199254740992, "n": "x", "b": [{"v": 1.10}]}, {"id": 9007199254740993, "n": "y", "b": [{"v": 100000000000000000001}, {"v": 2}]},
		{"id": "9007199254740993", "n": "z"}, {"n": "no id"}], "of": [9007199254740992, 9007199254740993, 0.10000000000000000001]}`
	for path, want := range map[string]string{
		"a.#(id==9007199254740993).n":              `"y"`,
		`a.#(id=="9007199254740993").n`:            `"y"`,
		"a.#(id==9007199254740993)#.n":             `["y","z"]`,
		"a.#(id!=9007199254740993)#.n":             `["x"]`,
		"a.#(id<9007199254740993)#.n":              `["x"]`,
		"a.#( id >= 9007199254740993 )#|#":         "2",
		"a.#(id==9007199254740993)":                `{"id": 9007199254740993, "n": "y", "b": [{"v": 100000000000000000001}, {"v": 2}]}`,
		"a|#(id==9007199254740993)|n":              `"y"`,
		"a.#(id==9007199254740994).n":              "",
		"a.#(id==9007199254740994)#":               "[]",
		"of.#(==9007199254740993)":                 "9007199254740993",
		"of.#(=0.1)":                               "",
		"a.1.b.#(v==100000000000000000000).v":      "",
		"a.#(id==9007199254740993).b.#(v==1e20).v": "",
		"a.#(id==9007199254740993).b.#(v>1e20).v":  "100000000000000000001",
		"a.#(b.#(v==100000000000000000001)).n":     `"y"`, // left to GJSON: the outer query compares nothing
		"a.#(id==9007199254740993)|@this.n":        `"y"`,
		"a.#(id>9007199254740992)#.b.#(v>=1e20).v": "[100000000000000000001]",
		"a.#(id==9007199254740993).{id,n}":         `{"id":9007199254740993,"n":"y"}`,
		"of.#(<=9007199254740993)#|@reverse|0":     "0.10000000000000000001",
	} {
		if got := find(body, path); got.Raw != want {
			t.Errorf("%s: got %s, want %s", path, got.Raw, want)
		}
	}
}

// TestQueryIsGJSONs compares queries with those of gjson, where doubles are exact.
func TestQueryIsGJSONs(t *testing.T) {
	const body = `{"a": [{"v": 1, "n": "x", "l": [1, 2]}, {"v": 2.5, "n": "y"}, {"v": "2.5", "n": "z"}, {"v": true}, {"v": false, "n": 5}, {"v": null}, {"v": {"w": 1}}, {}, 7, "x"], "b": 1}`
	for _, op := range []string{"=", "==", "!=", "<", "<=", ">", ">=", "%"} {
		for _, form := range []string{"a.#(v%s%s)", "a.#(v%s%s)#", "a.#(v%s%s).n", "a.#(v%s%s)#.n", "a.#(v%s%s)#|0", "a.#(v%s%s)#|#", "a.#(v%s%s)#.l.#", "a.#(%s%s)", "a.#(%s%s)#", "b.#(%s%s)", "c.#(%s%s)#", `a.#(v %s "%s" )#.n`, "a.#(v%s%s)x"} {
			for _, operand := range []string{"1", "2.5", "2.50", "-1", "0", "1e0", "x", "true"} {
				path := fmt.Sprintf(form, op, operand)
				if got, want := find(body, path).Raw, gjson.Get(body, path).Raw; got != want {
					t.Errorf("%s: got %s, GJSON gives %s", path, got, want)
				}
			}
		}
	}
}

// TestDeepJSONIsRefused would overflow the stack, which ends the program.
func TestDeepJSONIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		strings.Repeat("[", 16<<20):                                       "the JSON of the answer is nested more than 10000 levels deep",
		strings.Repeat(`{"a":[`, 1<<20):                                   "the JSON of the answer is nested more than 10000 levels deep",
		strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000):         "",
		`["` + strings.Repeat(`[{\"`, 10_001) + `"]`:                      "",
		"[" + strings.Repeat("[],", 20_000) + "0]":                        "",
		strings.Repeat("[", 10_000) + `"\\"` + strings.Repeat("]", 9_999): "the answer is not JSON",
	} {
		if got := notJSON([]byte(body)); got != want {
			t.Errorf("%.20q…, %d bytes: got %q, want %q", body, len(body), got, want)
		}
	}
}
