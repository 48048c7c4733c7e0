package profile_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// TestPathsInAnswers reads paths. Some of them would find nothing, or the wrong value.
func TestPathsInAnswers(t *testing.T) {
	for step, want := range map[string]string{
		`save: {x: "items.#(id==9007199254740993).name"}`:                     "",
		`save: {x: {json: "items.#(id==\"9007199254740993\")#.name"}}`:        "",
		`save: {x: "items.#(id==9007199254740993).l.#(v>1e30).w"}`:            "",
		`save: {x: "a.#.items.#(id==12).name"}`:                               "",
		`save: {x: "a.#.items.#(id==9007199254740993).name"}`:                 "9007199254740993 is compared as a double here",
		`save: {x: "{a.#(id==1e17)}"}`:                                        "1e17 is compared as a double here",
		`save: {x: "a.#(b.#(c==9007199254740993)).n"}`:                        "9007199254740993 is compared as a double here",
		`save: {x: "a.#(id==1).b.#.c.#(d<=\"-1234567890123456\").n"}`:         "-1234567890123456 is compared as a double here",
		`expect: {json: {"@this.#(id==9007199254740993).n": exists}}`:         "9007199254740993 is compared as a double here",
		`expect: {json: {"a.#(n==\"12345678901234567890 Main Street\")": 1}}`: "",
		`save: {x: "a.#(id==${int(1,9)}).name"}`:                              "cannot contain variables",
		`save: {x: {header: "X-${y}"}}`:                                       "cannot contain variables",
		`save: {x: {cookie: "${y}"}}`:                                         "cannot contain variables",
		`expect: {json: {"${y}": 1}}`:                                         "cannot contain variables",
		`expect: {headers: {"${y}": 1}}`:                                      "cannot contain variables",
		`expect: {json: {"": 1}}`:                                             "path",
		`save: {x: "a.$${b}"}`:                                                "",
	} {
		_, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{http: GET /, "+step+"}]}]"), profile.Surroundings{})
		switch got := problems.Error(); {
		case want == "" && got != "":
			t.Errorf("%s: %s", step, got)
		case !strings.Contains(got, want):
			t.Errorf("%s: got %q, want something with %q", step, got, want)
		}
	}
}
