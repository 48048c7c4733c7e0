package plan_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// declared is a type of the test: a scalar, fields, or a list.
type declared struct {
	scalar plan.Scalar
	fields map[string]declared
	item   *declared
}

func (d declared) Scalar() plan.Scalar { return d.scalar }

func (d declared) Field(name string) plan.Declared {
	if field, ok := d.fields[name]; ok {
		return field
	}
	return nil
}

func (d declared) Item() plan.Declared {
	if d.item == nil {
		return nil
	}
	return *d.item
}

// A value has the quotes that its declared type asks for, whatever kind the variable in it holds.
func TestTreeJSON(t *testing.T) {
	const data = `
data:
  row: {file: row.jsonl}
users: [{name: u, tasks: [{http: POST /, json: {
  text: "${data.row.number}", number: "${data.row.text}", bool: "${data.row.yes}", any: "${data.row.number}", word: "${data.row.word}",
  null: "${data.row.none}", made: "${int(7,7)}", madeNumber: "${int(7,7)}", fixed: "12", fixedBool: "true", anyFixed: "12", env: "${env.ID}",
  inner: {text: "${data.row.number}", any: "${data.row.object}"}, list: ["${data.row.number}", "a\"${data.row.number}"], asWritten: 12345678901234567890, "k${int(7,7)}": 1.50}}]}]`
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\n"+data), profile.Surroundings{
		Env: func(string) (string, bool) { return "99", true },
		Read: func(string) ([]byte, error) {
			return []byte(`{"number": 10.50, "text": "42", "yes": "true", "word": "a\"b", "none": null, "object": {"a": [1]}}`), nil
		},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tree := p.Users[0].Tasks[0].Steps[0].Call.Content.(*profile.HTTP).JSON
	if at := tree.Items[12].Items[0].Place; at.Key != "users[0].tasks[0].json.inner.text" || at.Line != 9 {
		t.Errorf("the place is %+v", at)
	}
	text, number, boolean := declared{scalar: plan.String}, declared{scalar: plan.Number}, declared{scalar: plan.Boolean}
	types := declared{fields: map[string]declared{
		"text": text, "number": number, "bool": boolean, "word": number, "null": text, "made": text, "madeNumber": number, "fixed": number,
		"fixedBool": boolean, "env": number, "inner": {fields: map[string]declared{"text": text}}, "list": {item: &text}, "asWritten": text,
	}}
	const want = `{"text":"10.50","number":42,"bool":true,"any":10.50,"word":"a\"b","null":null,"made":"7","madeNumber":7,"fixed":12,"fixedBool":true,` +
		`"anyFixed":"12","env":99,"inner":{"text":"10.50","any":{"a": [1]}},"list":["10.50","a\"10.50"],"asWritten":12345678901234567890,"k7":1.50}`
	made, err := plan.Make(p, plan.Values{
		Env: func(string) (string, bool) { return "99", true },
		Protocols: []plan.Protocol{{Word: "http", Content: func(r *plan.Resolver, c *profile.Call) any {
			return r.Tree(c.Content.(*profile.HTTP).JSON).JSON(types)
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(datagen.New(made).User(0, 0).Append(nil, made.Calls[0].Content.(plan.Text))); got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}
