package load

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// noValues is a user who saves nothing.
type noValues struct{}

func (noValues) Append(dst []byte, _ plan.Text) []byte { return dst }
func (noValues) Save(int, string)                      {}
func (noValues) NextTask()                             {}
func (noValues) Reset(int)                             {}

// TestCheck writes conditions as users do, and holds an answer against them.
func TestCheck(t *testing.T) {
	const answer = `{"items": [{"id": 7, "sku": "SKU-7"}], "total": 3, "name": "3", "open": true, "next": null, "price": 9.5}`
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
		q := made.Calls[0]
		class, text := check(q, &Outcome{Status: 200, Body: []byte(answer)}, 0, noValues{})
		if (class == tally.OK) != c.want {
			t.Errorf("%s: %v %s, want it to hold: %v", c.expect, class, text, c.want)
		}
	}
	q := &plan.Call{Save: []plan.Save{{Path: "a"}}, Content: &plan.HTTP{}}
	if class, text := check(q, &Outcome{Status: 200, Body: []byte(`{"a": `)}, 0, noValues{}); class != tally.Expect || text != "the answer is not JSON" {
		t.Errorf("half an answer: %v %s", class, text)
	}
}

// BenchmarkCheck is one condition and one saved value.
func BenchmarkCheck(b *testing.B) {
	q := &plan.Call{
		Content: &plan.HTTP{Status: []int{200}, JSON: []plan.Check{{Path: "stock", Op: profile.Greater, Numeric: true}}},
		Save:    []plan.Save{{Path: "id"}},
	}
	o := &Outcome{Status: 200, Body: []byte(`{"id":42,"name":"product","price":1299,"stock":17,"tags":["a","b","c"],"description":"A product whose description makes this answer one hundred and eighty three bytes long, give or take"}`)}
	b.ReportAllocs()
	for b.Loop() {
		if class, text := check(q, o, 0, noValues{}); class != tally.OK {
			b.Fatal(text)
		}
	}
}
