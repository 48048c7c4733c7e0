package graphql

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestScan(t *testing.T) {
	for body, want := range map[string][3]string{
		`{"data": {"a": [1, {"errors": [1]}]}}`:        {`{"a": [1, {"errors": [1]}]}`},
		`{"errors": [{"message": "x"}], "data": null}`: {"null", `[{"message": "x"}]`},
		`{"errors": [ ], "data": {}}`:                  {"{}"},
		`{"errors": null, "data": {}}`:                 {"{}"},
		`{"errors": {}, "data": {}}`:                   {"{}", "{}"},
		`{"errors": 0, "data": {}}`:                    {"{}", "0"},
		`{"errors": "", "data": {}}`:                   {"{}", `""`},
		`{"errors": false, "data": {}}`:                {"{}", "false"},
		`{"d\u0061ta": 1, "err\u006Frs": [2]}`:         {"1", "[2]"},
		`{"d\\u0061ta": 1, "\ud800": [2]}`:             {},
		`{"data": {}, "errors": "broken"}`:             {"{}", `"broken"`},
		`{"data": 1, "data": 2}`:                       {"1"},
		`{"errors": [], "errors": [1], "data": 2}`:     {"2", "[1]"},
		"\xef\xbb\xbf{\"data\": 1}":                    {"1"},
		" { \"data\" : 1 } \r\n":                       {"1"},
		`{}`:                                           {},
		`{"data": 1`:                                   {"1", "", "the answer is not JSON"},
		`{"data": 01}`:                                 {"", "", "the answer is not JSON"},
		`{"data": 1}}`:                                 {"1", "", "the answer is not JSON"},
		`{"data": 1,}`:                                 {"1", "", "the answer is not JSON"},
		`{"data": tru}`:                                {"", "", "the answer is not JSON"},
		`[{"data": 1}]`:                                {"", "", "the answer is a list, as for several operations at once; one was sent"},
		`[{"data": 1`:                                  {"", "", "the answer is not JSON"},
		`"data"`:                                       {"", "", "the answer is no object of JSON"},
		``:                                             {"", "", "the answer is empty"},
		" \r\n":                                        {"", "", "the answer is empty"},
		"<!doctype html>":                              {"", "", "the answer is a page and no JSON"},
		"\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\": {}}\r\n-----\r\n": {"", "", "the answer comes in parts, as for @defer and @stream, which are not read"},
		"event: next\ndata: {}\n\n":                                                 {"", "", "the answer is a stream of events, which is not read here"},
		":\n\nevent: next\ndata: {}\n\n":                                            {"", "", "the answer is a stream of events, which is not read here"},
		`{"data": ` + strings.Repeat("[", 20_000):                                   {"", "", "the JSON of the answer is nested more than 10000 levels deep"},
		`{"data": ` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + "}": {strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)},
	} {
		found, wrong := scan([]byte(body))
		if string(found.data) != want[0] || string(found.errors) != want[1] || wrong != want[2] {
			t.Errorf("%.60q: got %.60q, %q, %q, want %.60q", body, found.data, found.errors, wrong, want)
		}
	}
}

// A body is an answer if encoding/json and GJSON take it as an object, and its parts are those that GJSON finds.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"data":{"a":[1,-2.5e+3,"x\u00e4\n",true,false,null,{}]},"errors":[]}`, `{"a":[[[[]]],{"b":{}}],"data":"\ud800"}`, `{"data":1e,}`, `{"data":[1,2}}`, `{"":0.1}`, "{\"\x01\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if strings.HasPrefix(string(body), "\xef\xbb\xbf") {
			return
		}
		found, wrong := scan(body)
		isObject := json.Valid(body) && gjson.ParseBytes(body).IsObject()
		if (wrong == "") != isObject {
			t.Fatalf("%q: %q, and encoding/json says %v", body, wrong, isObject)
		}
		if data := gjson.GetBytes(body, "data"); isObject && string(found.data) != data.Raw {
			t.Fatalf("%q: data %q, and GJSON finds %q", body, found.data, data.Raw)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	body := []byte(`{"data":{"top":[` + strings.Repeat(`{"id":"item-12345","score":0.12345,"name":"A tent for two, green"},`, 200) + `{}]}}`)
	b.Run("scan", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, wrong := scan(body); wrong != "" {
				b.Fatal(wrong)
			}
		}
	})
	b.Run("gjson.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			gjson.ValidBytes(body)
		}
	})
}
