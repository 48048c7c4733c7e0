package plan_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Every valid profile can be planned. The fixed text of a path is a valid part of a request line.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"/a", "/${uuid}", "/${int(1,5)}/${seq}?x=${word}", "/${data.words}", "/${", "/${}", "/$${uuid}}", "/${float(1,2)}${floats(3)}", "/${int(9223372036854775807,9223372036854775807)}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := strings.NewReplacer("'", "''").Replace(text)
		p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\ndata: {words: {list: [a, b]}}\nusers:\n  - name: u\n    tasks:\n      - {http: 'GET "+quoted+"', json: {x: '"+quoted+"', '"+quoted+"': ['"+quoted+"', '}']}}\n"),
			profile.Surroundings{Env: func(string) (string, bool) { return "", false }})
		if len(problems) > 0 {
			return
		}
		made, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		q := made.Calls[0].Content.(*plan.HTTP)
		if fixed, ok := q.Path.Static(); ok && q.From == nil && (strings.ContainsFunc(fixed, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' }) || !strings.HasPrefix(fixed, "/")) {
			t.Errorf("%q is sent as the path %q", text, fixed)
		}
	})
}

// A reader of a form gets its names and values back.
func FuzzForm(f *testing.F) {
	for _, pair := range [][2]string{{"a", "b"}, {"a[b]", "x y"}, {"&=+%", "&=+%"}, {"$${x}", "$$"}, {"ü", "\u2028"}, {"", ""}, {"x-", "~"}, {"<<", "1"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
		text := "name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{http: POST /, form: {" + quote(name) + ": " + quote(value) + ", in: {" + quote(name) + ": [" + quote(value) + ", x]}}}]}]"
		p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Env: func(string) (string, bool) { return "", false }})
		if len(problems) > 0 || strings.ContainsAny(name+value, "\r\n") || name == "in" {
			return // YAML folds line breaks
		}
		made, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatal(err)
		}
		sent, fixed := made.Calls[0].Content.(*plan.HTTP).Body.Static()
		if !fixed {
			return // a variable
		}
		literal := strings.NewReplacer("$${", "${")
		name, value = literal.Replace(name), literal.Replace(value)
		got, err := url.ParseQuery(sent)
		if err != nil || !slices.Equal(got[name], []string{value}) || !slices.Equal(got["in["+name+"]"], []string{value, "x"}) {
			t.Errorf("%q: %q is sent as %s, which is read as %v, %v", name, value, sent, got, err)
		}
	})
}

func BenchmarkArrivals(b *testing.B) {
	p := makePlan(b, "load: {stages: [{rate: 100000000, for: 1h}], rounds: 1, arrivals: poisson}\nusers: [{name: a, tasks: [{http: GET /}]}]")
	a := p.Arrivals()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := a.Next(); !ok {
			b.Fatal("there are no more")
		}
	}
}

func BenchmarkChooser(b *testing.B) {
	p := makePlan(b, "users: [{name: a, tasks: [{http: GET /1}, {http: GET /2, weight: 3}]}]")
	c := p.Chooser(0)
	b.ReportAllocs()
	for b.Loop() {
		c.Task(0)
	}
}
