package answer_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// noSaver saves nothing.
type noSaver struct{}

func (noSaver) Save(int, profile.Value) {}

// TestJSON writes conditions as users do, and holds an answer against them.
func TestJSON(t *testing.T) {
	const body = `{"items": [{"id": 7, "sku": "SKU-7"}], "total": 3, "name": "3", "open": true, "next": null, "price": 9.5}`
	for _, c := range []struct {
		expect string // in the profile
		want   bool
	}{
		{`{"items.#": "> 0"}`, true}, {`{"items.#": "> 1"}`, false}, {`{"items.#": 1}`, true}, {`{"items.#": "== 1"}`, true},
		{`{total: 3}`, true}, {`{total: 3.0}`, true}, {`{total: "3"}`, false}, {`{name: "3"}`, true}, {`{name: 3}`, false},
		{`{name: "== 3"}`, false}, {`{name: '== "3"'}`, true}, {`{total: "!= 4"}`, true}, {`{total: "!= 3"}`, false},
		{`{price: ">= 9.5"}`, true}, {`{price: "<= 9.4"}`, false}, {`{price: "< 10"}`, true}, {`{name: "< 10"}`, false},
		{`{open: true}`, true}, {`{open: "true"}`, false}, {`{open: "== true"}`, true}, {`{open: false}`, false},
		{`{next: null}`, true}, {`{next: exists}`, true}, {`{other: exists}`, false}, {`{other: 1}`, false}, {`{other: "!= 1"}`, true},
		{`{"items.0.sku": "~ ^SKU-[0-9]$"}`, true}, {`{"items.0.sku": "~ ^X"}`, false}, {`{"items.0.sku": SKU-7}`, true},
	} {
		p, problems := profile.Parse("p.yaml", []byte(`
name: p
target: {url: "http://127.0.0.1"}
users: [{name: u, tasks: [{http: GET /, expect: {json: `+c.expect+`}}]}]`), profile.Surroundings{})
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.expect, problems)
			continue
		}
		made, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatal(err)
		}
		content := made.Calls[0].Content.(*plan.HTTP)
		wrong := answer.Answer{Body: []byte(body)}.Check(content.Expect, nil, noSaver{})
		if (wrong == "") != c.want {
			t.Errorf("%s: %q, want it to hold: %v", c.expect, wrong, c.want)
		}
	}
	save := []plan.Save{{Path: "a"}}
	if wrong := (answer.Answer{Body: []byte("\xef\xbb\xbf{\"a\": 1}")}).Check(nil, save, noSaver{}); wrong != "" {
		t.Errorf("an answer behind a byte order mark: %q", wrong)
	}
	if wrong := (answer.Answer{Body: []byte(`{"a": `)}).Check(nil, save, noSaver{}); wrong != "the answer is not JSON" {
		t.Errorf("half an answer: %q", wrong)
	}
	if wrong := (answer.Answer{Body: []byte(`{"b": 1}`)}).Check(nil, save, noSaver{}); wrong != "nothing to save at a" {
		t.Errorf("an answer without it: %q", wrong)
	}
}

// BenchmarkJSON is one condition and one saved value.
func BenchmarkJSON(b *testing.B) {
	conditions, save := []plan.Condition{{Path: "stock", Op: profile.Greater, Operand: "0", Numeric: true}}, []plan.Save{{Path: "id"}}
	body := []byte(`{"id":42,"name":"product","price":1299,"stock":17,"tags":["a","b","c"],"description":"A product whose description makes this answer one hundred and eighty three bytes long, give or take"}`)
	b.ReportAllocs()
	for b.Loop() {
		if wrong := (answer.Answer{Body: body}).Check(conditions, save, noSaver{}); wrong != "" {
			b.Fatal(wrong)
		}
	}
}
