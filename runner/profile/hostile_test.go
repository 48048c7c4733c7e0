package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// hostile are profiles that were written to do harm.
func hostile() map[string]string {
	const head = "name: p\ntarget: {url: \"http://h\"}\n"
	user := func(tasks string) string { return head + "users: [{name: u, tasks: [" + tasks + "]}]\n" }
	aliases := head + "users:\n  - name: u\n    tasks: &t [&s {steps: [{http: GET /}]}, " + strings.Repeat("*s, ", 2000) + "*s]\n"
	for i := range 2000 {
		aliases += fmt.Sprintf("  - {name: u%d, tasks: *t}\n", i)
	}
	return map[string]string{
		"a million users":       head + "users: [" + strings.Repeat("{},", 1_000_000) + "]\n",
		"many unknown keys":     head + strings.Repeat("k: 1\n", 40_000),
		"a million of one key":  head + strings.Repeat("k:\n", 1_000_000),
		"many variables":        user("{http: \"GET /" + strings.Repeat("${x}", 40_000) + "\"}"),
		"an endless variable":   user("{http: \"GET /${" + strings.Repeat("x", 200_000) + "}\"}"),
		"an endless text":       user("{http: GET " + strings.Repeat("x", 200_000) + "}"),
		"an endless name":       head + strings.Repeat("x", 1000) + ": 1\n",
		"an endless number":     user("{http: GET /, weight: 1" + strings.Repeat("0", 200_000) + "}"),
		"an endless wait":       user("{steps: [{wait: " + strings.Repeat("9", 100_000) + "s.." + strings.Repeat("0", 100_000) + "s}]}"),
		"an endless expression": user("{http: GET /, expect: {json: {a: \"~ " + strings.Repeat("(a", 100_000) + "\"}}}"),
		"an expanding pattern":  user("{http: GET /, expect: {json: {a: \"~ ((a{1000}){1000}){1000}\"}}}"),
		"aliases of tasks":      aliases,
		"a deep body":           user("{http: POST /, json: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}"),
		"doubled keys":          "name: a\nname: b\ntarget: {url: \"http://h\", url: \"http://h\"}\nusers: []\nusers: []\n",
		"a tab":                 "name: p\ntarget:\n\turl: http://h\n",
		"a merge of itself":     "&a\n<<: *a\nname: p\n",
		"other tags":            "name: !!binary aGk=\ntarget: !x {url: !!float http://h}\nusers: !!set {a, b}\n",
		"two documents":         "name: a\n---\nname: b\n",
		"a key that is a list":  head + "[a, b]: c\n? {a: b}\n: d\n",
	}
}

// Each hostile profile is refused, in words of bounded length.
func TestHostile(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			_, problems := profile.Parse("p.yaml", []byte(text), from)
			switch said := problems.Error(); {
			case len(problems) == 0:
				t.Error("accepted")
			case len(problems) > 101 || len(said) > 50_000:
				t.Errorf("%d problems in %d bytes: %.500s", len(problems), len(said), said)
			}
		})
	}
}
