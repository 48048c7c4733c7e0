package datagen_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// planOf is the plan of the steps of one task.
func planOf(t testing.TB, head, steps string, files map[string]string) *plan.Plan {
	t.Helper()
	text := "name: p\ntarget: {url: \"http://127.0.0.1\"}\n" + head + "\nusers:\n  - name: u\n    tasks:\n      - steps:\n" + steps
	around := profile.Surroundings{
		Env:  func(name string) (string, bool) { return "5", name == "N" },
		Read: func(path string) ([]byte, error) { return []byte(files[path]), nil },
	}
	p, problems := profile.Parse("p.yaml", []byte(text), around)
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text)
	}
	made, err := plan.Make(p, plan.Values{Env: around.Env})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// body returns the body that the task's last call sends. The values are saved in the order of the slots.
func body(t testing.TB, p *plan.Plan, saved ...profile.Value) string {
	t.Helper()
	steps := p.Behaviours[0].Tasks[0].Steps
	u := datagen.New(p).User(0, p.Behaviours[0].Slots)
	for slot, v := range saved {
		u.Save(slot, v)
	}
	return string(u.Append(nil, steps[len(steps)-1].Call.Content.(*plan.HTTP).Body))
}

// A saved value that fills a whole JSON string is sent with its kind, elsewhere as text.
func TestSavedValuesKeepTheirKind(t *testing.T) {
	p := planOf(t, "", `          - {http: GET /, save: {v: v}}
          - {http: POST /, json: {whole: "${v}", list: ["${v}"], inside: "<${v}>", "${v}": 1}}`+"\n", nil)
	for _, c := range []struct {
		kind                profile.ValueKind
		text, whole, inside string
	}{
		{profile.NumberValue, "17", "17", "17"},
		{profile.NumberValue, "19.90", "19.90", "19.90"},
		{profile.NumberValue, "-0.1234567890123456789e-7", "-0.1234567890123456789e-7", "-0.1234567890123456789e-7"},
		{profile.NumberValue, "12345678901234567890123", "12345678901234567890123", "12345678901234567890123"},
		{profile.BoolValue, "true", "true", "true"},
		{profile.NullValue, "null", "null", "null"},
		{profile.JSONValue, `[1, "a\"b"]`, `[1, "a\"b"]`, `[1, \"a\\\"b\"]`},
		{profile.TextValue, "17", `"17"`, "17"},
		{profile.UntypedValue, "17", `"17"`, "17"},
		{profile.TextValue, "a\"b\\c\n\x00\u2028ü", `"a\"b\\c\u000A\u0000` + "\u2028ü\"", `a\"b\\c\u000A\u0000` + "\u2028ü"},
		{profile.TextValue, "a\xffb", "\"a\ufffdb\"", "a\ufffdb"},
		{profile.TextValue, "", `""`, ""},
		{profile.NoValue, "", "null", ""},
	} {
		got := body(t, p, profile.Value{Kind: c.kind, Text: c.text})
		want := `{"whole":` + c.whole + `,"list":[` + c.whole + `],"inside":"<` + c.inside + `>","` + c.inside + `":1}`
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("%q of kind %d is sent as\n%s, want\n%s", c.text, c.kind, got, want)
		}
	}
}

// Cells keep the kind that they were written with; those of CSV have the kind of their column.
func TestCellsKeepTheirKind(t *testing.T) {
	check := func(table, file, content, columns, want string) {
		t.Helper()
		var fields []string
		for _, column := range strings.Fields(columns) {
			fields = append(fields, column+`: "${data.t.`+column+`}"`)
		}
		p := planOf(t, "data: {t: {file: "+file+table+"}}", `          - {http: POST /, json: {`+strings.Join(fields, ", ")+`}}`+"\n", map[string]string{file: content})
		if got := body(t, p); got != want {
			t.Errorf("%s%s: %q is sent as %s, want %s", file, table, content, got, want)
		}
	}
	check("", "t.jsonl", `{"n": 19.90, "b": false, "x": null, "a": [1,2], "o": {"k": 1e3}, "s": "17", "u": "\ud83d\ude00"}`, "n b x a o s u",
		`{"n":19.90,"b":false,"x":null,"a":[1,2],"o":{"k": 1e3},"s":"17","u":"😀"}`)
	check("", "t.csv", "n,zip,b,e,q,mixed\n17,01234,true,,\"3\",1\n-2.50,54321,false,1,\"4\",x\n", "n zip b e q mixed", `{"n":17,"zip":"01234","b":true,"e":"","q":"3","mixed":"1"}`)
	check("", "t.csv", "\ufeffn,s\r\n-2.50,\"a, \"\"b\"\"\r\nc\"\r\n", "n s", `{"n":-2.50,"s":"a, \"b\"\u000Ac"}`)
	check("", "t.csv", "a,n\n\"x\ny\",5\nz,6\n", "a n", `{"a":"x\u000Ay","n":5}`)
	check(`, separator: ";"`, "t.csv", "a;n\n1,5;5\n", "a n", `{"a":"1,5","n":5}`)
	check(`, separator: "\t"`, "t.csv", "a\tn\nx y\t5\n", "a n", `{"a":"x y","n":5}`)
	check(`, separator: '\t'`, "t.csv", "a\tn\nx y\t5\n", "a n", `{"a":"x y","n":5}`)
	check(`, separator: "|"`, "t.csv", "a|n\n\"x|y\"|1e3\n", "a n", `{"a":"x|y","n":1e3}`)
	check(`, separator: "·"`, "t.csv", "a·n\nü·5\n", "a n", `{"a":"ü","n":5}`)

	check("", "t.csv", "a,n\rx,5\ry,6\r", "a n", `{"a":"x","n":5}`)

	quoted := planOf(t, "data: {t: {file: t.csv}}", "          - {http: POST /, json: ['${data.t.say \"hi\"}', '<${data.t.say \"hi\"}>']}\n", map[string]string{"t.csv": "first,\"say \"\"hi\"\"\"\n1,2\n"})
	if got := body(t, quoted); got != `[2,"<2>"]` {
		t.Errorf("a column with quotes in its name is sent as %s", got)
	}

	p := planOf(t, `data: {t: {list: [17, "17", 1.50, true, 0x1F, boots]}}`, `          - {http: POST /, json: ["${data.t}", "<${data.t}>"]}`+"\n", nil)
	u := datagen.New(p).User(0, 0)
	for _, want := range []string{`[17,"<17>"]`, `["17","<17>"]`, `[1.50,"<1.50>"]`, `[true,"<true>"]`, `[31,"<31>"]`, `["boots","<boots>"]`} {
		u.NextTask()
		if got := string(u.Append(nil, p.Calls[0].Content.(*plan.HTTP).Body)); got != want {
			t.Errorf("an item of a list is sent as %s, want %s", got, want)
		}
	}
}

// A literal is sent as YAML 1.2 reads it, to the last digit.
func TestLiteralsAreSentAsWritten(t *testing.T) {
	for literal, want := range map[string]string{
		"12345678901234567890123": "12345678901234567890123", "19.90": "19.90", "01234": "1234", "-007.50": "-7.50", "0x1F": "31", "0xFFFFFFFFFFFFFFFFFF": "4722366482869645213695", "0o17": "15",
		"1e3": "1e3", "1E+3": "1E+3", ".5": "0.5", "-.5e-2": "-0.5e-2", "5.": "5", "+5": "5", "-0": "-0", "00": "0", "~": "null", "null": "null", "": "null", "yes": `"yes"`, "off": `"off"`, "True": "true", "TRUE": "true",
		"2024-01-02": `"2024-01-02"`, "12:30": `"12:30"`, "1.2.3": `"1.2.3"`, "0x": `"0x"`, `"17"`: `"17"`, "'null'": `"null"`, "!!str 17": `"17"`, `!!int "17"`: "17", "!!float 3": "3", "e5": `"e5"`, ".": `"."`,
		"0b1x": `"0b1x"`, `"$${x}"`: `"${x}"`, `"$$$${x}"`: `"$${x}"`, "$$5": `"$$5"`, "a$": `"a$"`,
	} {
		p := planOf(t, "", "          - http: POST /\n            json: {v: "+literal+"}\n", nil)
		if got := body(t, p); got != `{"v":`+want+`}` {
			t.Errorf("%s is sent as %s, want %s", literal, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	check := func(form, want string, saved ...profile.Value) {
		t.Helper()
		p := planOf(t, "", "          - {http: GET /, save: {v: v}}\n          - {http: POST /, form: "+form+"}\n", nil)
		if got := body(t, p, saved...); got != want {
			t.Errorf("%s is sent as %s, want %s", form, got, want)
		}
		call := p.Calls[1].Content.(*plan.HTTP)
		if len(call.Headers) != 1 || call.Headers[0].Name != "Content-Type" || call.Headers[0].Value[0].Literal != "application/x-www-form-urlencoded" {
			t.Errorf("headers %v", call.Headers)
		}
	}
	check("{}", "")
	check(`{user: "ada lovelace", empty: "", zip: 01234, on: true}`, "user=ada+lovelace&empty=&zip=01234&on=true")
	check(`{"a b": "x&y=z+ü"}`, "a+b=x%26y%3Dz%2B%C3%BC")
	check(`{address: {city: Bonn, geo: {lat: 50.7}}}`, "address%5Bcity%5D=Bonn&address%5Bgeo%5D%5Blat%5D=50.7")
	check(`{tag: [a, b], "id[]": [1, 2], none: [], nothing: {}}`, "tag=a&tag=b&id%5B%5D=1&id%5B%5D=2")
	check(`{items: [{id: 7, tags: [x, y]}, {id: 8}]}`, "items%5B0%5D%5Bid%5D=7&items%5B0%5D%5Btags%5D=x&items%5B0%5D%5Btags%5D=y&items%5B1%5D%5Bid%5D=8")
	check(`{token: "${v}", "k${v}": "<${v}>"}`, "token=a+%26%3D%2B%FF%E2%80%A8&ka+%26%3D%2B%FF%E2%80%A8=%3Ca+%26%3D%2B%FF%E2%80%A8%3E", profile.Value{Kind: profile.UntypedValue, Text: "a &=+\xff\u2028"})
	check(`{n: "${v}"}`, "n=19.90", profile.Value{Kind: profile.NumberValue, Text: "19.90"})
	check(`{n: "$${v}"}`, "n=%24%7Bv%7D")
}

func TestMultipart(t *testing.T) {
	files := map[string]string{"dir/cat.png": "\x89PNG\r\n--\x00", "b.bin": ""}
	p := planOf(t, "", `          - {http: GET /, save: {v: v}}
          - http: POST /
            multipart:
              'ti"tle': "x ${v}"
              picture: {file: dir/cat.png, name: "c\"${v}.png", type: image/png}
              more: [{file: b.bin}, two]
`, files)
	got := body(t, p, profile.Value{Kind: profile.TextValue, Text: "q\"\r\n"})
	contentType := p.Calls[1].Content.(*plan.HTTP).Headers[0].Value[0].Literal
	boundary, ok := strings.CutPrefix(contentType, "multipart/form-data; boundary=")
	if !ok || len(boundary) > 70 {
		t.Fatalf("Content-Type %s", contentType)
	}
	want := strings.ReplaceAll("--B\r\nContent-Disposition: form-data; name=\"ti%22tle\"\r\n\r\nx q\"\r\n\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"c%22q%22%0D%0A.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--\x00\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"more\"; filename=\"b.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\ntwo\r\n--B--\r\n", "B", boundary)
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// A file is sent byte for byte, even one that looks like a text with variables.
func TestFileIsSentAsItIs(t *testing.T) {
	const content = "\x00\xff${uuid}$${\r\n"
	p := planOf(t, "", "          - {http: PUT /, body: {file: a.bin}}\n", map[string]string{"a.bin": content})
	if got := body(t, p); got != content {
		t.Errorf("%q is sent as %q", content, got)
	}
}

func TestHolds(t *testing.T) {
	check := func(guards string, v profile.Value, want bool) {
		t.Helper()
		p := planOf(t, `data: {row: {list: [17]}}`, "          - {http: GET /, save: {v: {json: v, optional: true}}}\n          - {http: GET /, if: "+guards+"}\n", nil)
		u := datagen.New(p).User(3, 1)
		u.Save(0, v)
		if got := u.Holds(p.Behaviours[0].Tasks[0].Steps[1].If); got != want {
			t.Errorf("%s with %v: %v, want %v", guards, v, got, want)
		}
	}
	none, text, number := profile.Value{}, profile.Value{Kind: profile.TextValue, Text: "17"}, profile.Value{Kind: profile.NumberValue, Text: "17.0"}
	check("{v: exists}", none, false)
	check("{v: exists}", text, true)
	check(`{v: "!= x"}`, none, true)
	check("{v: 17}", number, true)
	check("{v: 17}", text, false)
	check(`{v: "17"}`, text, true)
	check("{v: 17}", profile.Value{Kind: profile.UntypedValue, Text: "17"}, true)
	check(`{v: "> 16.9", user.id: 3}`, number, true)
	check(`{v: "> 16.9", user.id: "!= 3"}`, number, false)
	check(`{data.row: 17, env.N: 5, "int(4,4)": 4, word: "~ ."}`, none, true)
	check(`{env.N: "5"}`, none, true)
	check(`{env.N: "> 5"}`, none, false)
}

// A guard sees a null cell as null, and not as the empty text that it is written as.
func TestGuardsOnNull(t *testing.T) {
	for condition, want := range map[string]bool{
		"exists": false, "null": true, `"!= null"`: false, `"== null"`: true, `""`: false, "0": false, "false": false, `"> 0"`: false, `"!= 1"`: true,
	} {
		p := planOf(t, "data: {t: {file: t.jsonl}}", "          - {http: GET /, if: {data.t.v: "+condition+"}}\n", map[string]string{"t.jsonl": `{"v": null}`})
		if got := datagen.New(p).User(0, 0).Holds(p.Behaviours[0].Tasks[0].Steps[0].If); got != want {
			t.Errorf("%s holds for null: %v", condition, got)
		}
	}
	for _, cell := range []string{"0", "false", `""`, "[]"} {
		p := planOf(t, "data: {t: {file: t.jsonl}}", "          - {http: GET /, if: {data.t.v: exists}}\n", map[string]string{"t.jsonl": `{"v": ` + cell + `}`})
		if !datagen.New(p).User(0, 0).Holds(p.Behaviours[0].Tasks[0].Steps[0].If) {
			t.Errorf("%s does not exist", cell)
		}
	}
}

// Two kinds of users save a variable of one name: in on_start, and in a task, which forgets it.
func TestTasksForgetWhatOnlyOthersKeep(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte(`
name: p
target: {url: "http://127.0.0.1"}
users:
  - {name: a, on_start: [{http: GET /, save: {tok: t}}], tasks: [{http: "GET /${tok}"}]}
  - {name: b, tasks: [{steps: [{http: GET /, save: {tok: {json: t, optional: true}}}, {if: {tok: exists}, http: "GET /${tok}"}]}]}
`), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []profile.ValueKind{profile.TextValue, profile.NoValue} {
		b := made.Behaviours[i]
		saving := b.Tasks[0].Steps[0].Call
		if len(b.OnStart) > 0 {
			saving = b.OnStart[0].Call
		}
		u := datagen.New(made).User(0, b.Slots)
		slot := saving.Save[0].Slot
		u.Save(slot, profile.Value{Kind: profile.TextValue, Text: "x"})
		u.NextTask()
		if got := u.Saved(slot).Kind; got != want {
			t.Errorf("%s: the next task finds a value of kind %d, want %d", b.Name, got, want)
		}
	}
}
