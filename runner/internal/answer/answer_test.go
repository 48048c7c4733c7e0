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

// TestJSON checks an answer against conditions as users write them.
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

// head is the head of an answer.
type head map[string]string

func (h head) Header(name string) (string, bool) { value, ok := h[name]; return value, ok }
func (h head) Cookie(name string) (string, bool) { return h.Header("cookie " + name) }

// content is the conditions and saves of a step of a profile.
func content(t *testing.T, step string) (*plan.Call, []plan.Condition) {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{http: GET /, "+step+"}]}]"), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatalf("%s: %v", step, problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Calls[0], made.Calls[0].Content.(*plan.HTTP).Expect
}

// Numbers are compared to the last digit, and only with numbers.
func TestNumbersAreExact(t *testing.T) {
	const body = `{"id": 9007199254740993, "price": 19.90, "long": 0.1234567890123456789, "minus": -0, "big": 1e400, "text": "17", "list": [1, 2.50], "n": null, "h": 12345678901234567890123}`
	for _, c := range []struct {
		expect string
		want   bool
	}{
		{`{id: 9007199254740993}`, true}, {`{id: 9007199254740992}`, false}, {`{id: "> 9007199254740992"}`, true}, {`{id: "!= 9007199254740992"}`, true}, {`{id: "< 9007199254740993"}`, false},
		{`{price: 19.9}`, true}, {`{price: 19.900}`, true}, {`{price: 1.99e1}`, true}, {`{price: 19.91}`, false}, {`{long: 0.1234567890123456789}`, true}, {`{long: 0.12345678901234568}`, false},
		{`{minus: 0}`, true}, {`{minus: "<= 0"}`, true}, {`{big: 1e400}`, true}, {`{big: "< 1e401"}`, true}, {`{big: "> 1e399"}`, true}, {`{h: 12345678901234567890123}`, true}, {`{h: 12345678901234567890124}`, false},
		{`{text: 17}`, false}, {`{text: "17"}`, true}, {`{text: "> 1"}`, false}, {`{id: "9007199254740993"}`, false}, {`{n: 0}`, false}, {`{n: ~}`, true}, {`{n: "null"}`, false},
		{`{"list.#": 2}`, true}, {`{"list.1": 2.5}`, true}, {`{"list|@reverse|0": 2.5}`, true}, {`{"@this.id": 9007199254740993}`, true}, {`{"list.#(>2)": "== 2.50"}`, true},
		{`{id: 0x20000000000001}`, true}, {`{id: +9007199254740993}`, true}, {`{price: 019.9}`, true},
	} {
		_, conditions := content(t, "expect: {json: "+c.expect+"}")
		wrong := answer.Answer{Body: []byte(body)}.Check(conditions, nil, noSaver{})
		if (wrong == "") != c.want {
			t.Errorf("%s: %q, want it to hold: %v", c.expect, wrong, c.want)
		}
	}
}

func TestOtherPartsOfAnAnswer(t *testing.T) {
	got := answer.Answer{Body: []byte("<title>Welcome</title> ü"), Head: head{"Location": "/items/17?x", "X-Count": "3", "cookie sid": "abc"}}
	for expect, want := range map[string]string{
		`text: Welcome`: "", `text: "<title>"`: "", `text: [Wel, come]`: "", `text: [Wel, gone]`: `expected the body contains "gone"`, `text: "~ ^<title>(.*)</title>"`: "",
		`text: "== Welcome"`: "expected the body == Welcome", `text: "!= Welcome"`: "", `text: 404`: `expected the body contains "404"`,
		`size: 25`: "", `size: "> 25"`: "expected the size of the body > 25", `size: "<= 25"`: "",
		`headers: {Location: exists}`: "", `headers: {Location: "~ ^/items"}`: "", `headers: {X-Count: 3}`: "", `headers: {X-Count: "3"}`: "", `headers: {X-Count: "> 2.5"}`: "",
		`headers: {X-Count: 4}`: "expected the header X-Count == 4", `headers: {None: exists}`: "expected the header None exists", `headers: {None: "!= x"}`: "",
		`cookies: {sid: abc}`: "", `cookies: {other: exists}`: "expected the cookie other exists",
	} {
		_, conditions := content(t, "expect: {"+expect+"}")
		if wrong := got.Check(conditions, nil, noSaver{}); wrong != want {
			t.Errorf("%s: %q, want %q", expect, wrong, want)
		}
	}
}

// Text without a kind, such as that of a header, is compared as it is written. A regular expression
// may be in quotes.
func TestConditionsAsWritten(t *testing.T) {
	got := answer.Answer{Body: []byte(`{"q": "say \"hi\"", "w": "hi", "n": 1234, "s": "'x'"}`), Head: head{"Id": "01234", "Flag": "True", "Price": "1.10", "Nil": "null", "Empty": ""}}
	for expect, holds := range map[string]bool{
		`headers: {Id: 01234}`: true, `headers: {Id: "== 01234"}`: true, `headers: {Id: 1234}`: false, `headers: {Id: "!= 1234"}`: true, `headers: {Id: "< 2000"}`: false,
		`headers: {Flag: True}`: true, `headers: {Flag: true}`: false, `headers: {Price: 1.10}`: true, `headers: {Price: "< 1.2"}`: true, `headers: {Price: '== "1.10"'}`: true,
		`headers: {Nil: "null"}`: true, `headers: {Nil: "!= null"}`: false, `headers: {Empty: ""}`: true, `headers: {Empty: exists}`: true,
		`json: {q: '~ "hi"'}`: true, `json: {w: '~ "hi"'}`: false, `json: {w: '== "hi"'}`: true, `json: {n: "== 01234"}`: true, `json: {s: "== 'x'"}`: true,
		`text: '~ "w": "hi"'`: true, `text: '~ "w"'`: true, `text: '~ "hi there"'`: false,
	} {
		_, conditions := content(t, "expect: {"+expect+"}")
		if wrong := got.Check(conditions, nil, noSaver{}); (wrong == "") != holds {
			t.Errorf("%s: %q, want it to hold: %v", expect, wrong, holds)
		}
	}
}

// saver shows what is saved.
type saver []profile.Value

func (s saver) Save(slot int, value profile.Value) { s[slot] = value }

func TestSave(t *testing.T) {
	got := answer.Answer{
		Body: []byte(`{"id": 17, "price": 19.90, "ok": true, "tags": [1,  2], "o": {"a": null}, "name": "a\"b\u00fc", "none": null, "html": "<b>7</b>", "csrf": "name=\"csrf\" value=\"t0k\""}`),
		Head: head{"Location": "/items/17", "cookie sid": "abc"},
	}
	check := func(save string, kind profile.ValueKind, text, wrong string) {
		t.Helper()
		call, _ := content(t, "save: {a: "+save+"}")
		to := saver{{Kind: profile.TextValue, Text: "old"}}
		if said := got.Check(nil, call.Save, to); said != wrong {
			t.Errorf("%s: %q, want %q", save, said, wrong)
			return
		}
		if want := (profile.Value{Kind: kind, Text: text}); wrong == "" && to[0] != want {
			t.Errorf("%s saves %v, want %v", save, to[0], want)
		}
	}
	check("id", profile.NumberValue, "17", "")
	check("price", profile.NumberValue, "19.90", "")
	check("ok", profile.BoolValue, "true", "")
	check("tags", profile.JSONValue, "[1,  2]", "")
	check(`"tags.#"`, profile.NumberValue, "2", "")
	check("o", profile.JSONValue, `{"a": null}`, "")
	check("name", profile.TextValue, `a"bü`, "")
	check("{json: html, match: '<b>([0-9]+)</b>'}", profile.UntypedValue, "7", "")
	check("{json: price, match: '[0-9]+'}", profile.UntypedValue, "19", "")
	check("{header: Location}", profile.UntypedValue, "/items/17", "")
	check("{header: Location, match: '/items/([0-9]+)'}", profile.UntypedValue, "17", "")
	check("{cookie: sid}", profile.UntypedValue, "abc", "")
	check(`{text: '"name": "(a)'}`, profile.UntypedValue, "a", "")
	check(`{text: 'price'}`, profile.UntypedValue, "price", "")
	check("none", 0, "", "nothing to save at none")
	check("other", 0, "", "nothing to save at other")
	check("{json: id, match: x}", 0, "", "nothing to save: id does not match x")
	check("{text: 'a(b)?c|17'}", 0, "", "nothing to save: the body does not match a(b)?c|17")
	check("{header: Other}", 0, "", "nothing to save at the header Other")
	check("{cookie: other, match: x}", 0, "", "nothing to save: the cookie other does not match x")
	for _, save := range []string{"{json: none, optional: true}", "{json: other, optional: true}", "{header: Other, optional: true}", "{text: x0x, optional: true}", "{json: id, match: x, optional: true}"} {
		check(save, profile.NoValue, "", "")
	}
	if wrong := (answer.Answer{}).Check(nil, []plan.Save{{Path: "a", Optional: true}}, noSaver{}); wrong != "" {
		t.Errorf("an answer without a body: %q", wrong)
	}
	if wrong := (answer.Answer{}).Check(nil, []plan.Save{{Path: "a", Optional: true}, {Path: "b"}}, noSaver{}); wrong == "" {
		t.Error("an answer without a body has nothing to save")
	}
	if wrong := (answer.Answer{Body: []byte("<html>")}).Check(nil, []plan.Save{{Path: "a", Optional: true}}, noSaver{}); wrong != "the answer is not JSON" {
		t.Errorf("a page instead of JSON: %q", wrong)
	}
	if wrong := (answer.Answer{Body: []byte("<html>")}).Check(nil, []plan.Save{{Of: profile.OfHeader, Path: "a", Optional: true}}, noSaver{}); wrong != "" {
		t.Errorf("a page without a head: %q", wrong)
	}
}
