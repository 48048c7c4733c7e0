package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// ${side} is base or head in target.start and target.socket. A request cannot use it: both sides get the
// same load.
func TestSide(t *testing.T) {
	const text = `name: x
target:
  url: http://shop
  socket: /tmp/shop-${side}.sock
  start: {build: "make DIR=/tmp/${side}", command: "bin/shop -db shop_${side}", env: {DATABASE: "shop_${side}"}}
load: {run_time: 1s}
users: [{name: u, tasks: [{http: GET /}]}]
`
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for side, want := range map[string]string{"base": "base", "head": "head", "": "head"} {
		pl, err := plan.Make(p, plan.Values{Port: 1, Side: side})
		if err != nil {
			t.Fatal(err)
		}
		var command strings.Builder
		for _, part := range slices.Concat(pl.Start.Build, plan.Shell(";"), pl.Start.Command) {
			command.WriteString(part.Text)
		}
		got := []string{pl.Target.Socket, command.String(), pl.Start.Env[0]}
		if want := []string{"/tmp/shop-" + want + ".sock", "make DIR=/tmp/" + want + ";bin/shop -db shop_" + want, "DATABASE=shop_" + want}; !slices.Equal(got, want) {
			t.Errorf("side %q: got %q, want %q", side, got, want)
		}
	}
	for _, with := range []string{"http: GET /${side}", "{http: GET /, headers: {A: \"${side}\"}}"} {
		if _, problems := profile.Parse("p.yaml", []byte(strings.Replace(text, "http: GET /", with, 1)), profile.Surroundings{}); len(problems) == 0 {
			t.Errorf("%s is taken", with)
		}
	}
	for _, key := range []string{"url: http://shop", "url: http://shop/${side}"} {
		_, problems := profile.Parse("p.yaml", []byte(strings.Replace(text, "url: http://shop", key, 1)), profile.Surroundings{})
		if (len(problems) > 0) != strings.Contains(key, "side") {
			t.Errorf("%s: %v", key, problems)
		}
	}
}
