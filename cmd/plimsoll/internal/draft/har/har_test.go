package har_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// env is the environment of the tests.
func env(name string) (string, bool) {
	return map[string]string{"API_PASSWORD": "correct horse", "API_TOKEN": "a token", "API_KEY": "a key", "API_BASIC": "YWRhOmFkYQ=="}[name], true
}

// parse reads the profile of a draft.
func parse(t testing.TB, d *draft.Draft) *profile.Profile {
	t.Helper()
	if d.Name == "" {
		d.Name = "recording"
	}
	p, problems := profile.Parse("plimsoll.yaml", []byte(d.YAML()), profile.Surroundings{
		Env: env,
		Read: func(path string) ([]byte, error) {
			for _, f := range d.Files {
				if f.Path == path {
					return f.Content, nil
				}
			}
			return os.ReadFile(path)
		},
	})
	if err := problems.Err(); err != nil {
		t.Fatalf("the profile is refused: %v\n%s", err, d.YAML())
	}
	return p
}

// replay loads a service with the profile of a draft, for a moment.
func replay(t *testing.T, d *draft.Draft, s *service) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	p := parse(t, d)
	p.Target.URL = profile.Template(server.URL)
	p.Load = profile.Load{Users: 2, SpawnRate: 1000, RunTime: 300 * time.Millisecond, Rounds: 1, Seed: 1, StopWithin: 10 * time.Second, Arrivals: profile.Constant, MaxInFlight: 10}
	for _, u := range p.Users {
		for _, task := range u.Tasks {
			for i := range task.Steps {
				if w := task.Steps[i].Wait; w != nil {
					w.Min, w.Max = time.Millisecond, time.Millisecond
				}
			}
		}
	}
	made, err := plan.Make(p, plan.Values{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	r, err := runner.Run(t.Context(), runner.System{Plan: made, Identity: result.Identity{Commit: "0123abc"}}, runner.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, refusal := range s.refusals[:min(len(s.refusals), 3)] {
		t.Errorf("the service refused %s\n%s", refusal, d.YAML())
	}
	for _, route := range []string{"POST /api/login", "GET /api/items", "GET /api/items/4713", "POST /api/carts", "POST /api/coupon", "POST /graphql", "POST /api/orders", "chat"} {
		if s.seen[route] == 0 {
			t.Errorf("nobody sent %s: %v (%v)", route, s.seen, r.Problems)
		}
	}
}

// The profile of a recording does what the browser did, with new tokens and ids each time.
func TestRecordingOfChromium(t *testing.T) {
	data, err := os.ReadFile("testdata/shop.har")
	if err != nil {
		t.Fatal(err)
	}
	d, err := har.Draft(draft.Input{Name: "shop.har", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"18 entries", "13 to 127.0.0.1:40181", "1 of other hosts, 3 static and 1 failed",
		"6 values carried from answer to request (csrf, token, item, sku, cart, order)",
	} {
		if !strings.Contains(d.Title, want) {
			t.Errorf("the title is %q, want %q in it", d.Title, want)
		}
	}
	text := d.YAML()
	for _, secret := range []string{"correct horse", "eyJhbGci", "session=", "Cookie"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the profile:\n%s", secret, text)
		}
	}
	for _, want := range []string{"name: GET /api/items/{id}", "wait: 1300ms", "graphql:", "note: \"a $${note}\"", "# - http: POST /api/pictures"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	replay(t, d, newService(""))
}

// recording is a HAR file of entries.
func recording(entries ...string) []byte {
	return []byte(`{"log": {"version": "1.2", "entries": [` + strings.Join(entries, ",") + `]}}`)
}

// get is an entry with a request and an answer, which are JSON.
func get(method, url, request, answer string) string {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"startedDateTime": "2026-01-01T00:00:00Z", "time": 5, "request": {"method": %q, "url": %q %s}, "response": {"status": 200, "headers": [], "content": {"mimeType": "application/json", "text": %s}}}`, method, url, request, text)
}

// Recordings are read in all the forms that browsers and proxies write.
func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		data       []byte
		host       string
		want, none []string
	}{
		"base64 answers": {data: recording(
			`{"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": "POST", "url": "http://a.test/carts", "headers": []}, "response": {"status": 201, "content": {"mimeType": "application/json; charset=utf-8", "encoding": "base64", "text": "eyJpZCI6ICJjYXJ0LTQ3MTEifQ=="}}}`,
			get("GET", "http://a.test/carts/cart-4711", "", "{}")), want: []string{"save: {cart: id}", "GET /carts/${cart}"}},
		"fields that are missing": {data: recording(`{"request": {"method": "GET", "url": "http://a.test/x"}, "response": {"status": 200}}`), want: []string{"http: GET /x"}},
		"headers of HTTP/2": {data: recording(get("GET", "https://a.test/x", `, "headers": [{"name": ":authority", "value": "a.test"}, {"name": ":path", "value": "/x"}, {"name": "x-own", "value": "1"}, {"name": "cookie", "value": "sid=secret"}, {"name": "accept", "value": "application/json"}]`, "{}")),
			want: []string{"x-own: \"1\"", "Accept: application/json"}, none: []string{":authority", "secret", "cookie"}},
		"form by params": {data: recording(get("POST", "http://a.test/f", `, "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "", "params": [{"name": "a", "value": "1%202"}, {"name": "b", "value": "x"}, {"name": "b", "value": "y"}]}`, "{}")),
			want: []string{`form: {a: "1 2", b: [x, "y"]}`}},
		"form by text": {data: recording(get("POST", "http://a.test/f", `, "postData": {"mimeType": "application/x-www-form-urlencoded; charset=UTF-8", "text": "a=1+2&password=hunter22"}`, "{}")),
			want: []string{`a: "1 2"`, "password: \"${env.API_PASSWORD}\""}, none: []string{"hunter22"}},
		"multipart by params, as Firefox writes it": {data: recording(get("POST", "http://a.test/f", `, "postData": {"mimeType": "multipart/form-data; boundary=x", "params": [{"name": "title", "value": "boots"}, {"name": "file", "fileName": "C:\\\\dir\\\\b.png", "contentType": "image/png", "value": "PNG"}]}`, "{}")),
			want: []string{"title: boots", "file: b.png", "type: image/png"}},
		"multipart by text": {data: recording(get("POST", "http://a.test/f", `, "postData": {"mimeType": "multipart/form-data; boundary=x", "text": "--x\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nv\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"}`, "{}")),
			want: []string{"t: v", "file: a.txt", "type: text/plain"}},
		"a token that no answer held": {data: recording(get("GET", "http://a.test/x?api_key=s3cr3tvalue&q=1", `, "headers": [{"name": "Authorization", "value": "Bearer abc.def.ghi"}, {"name": "X-Api-Key", "value": "k3y-k3y-k3y"}]`, "{}")),
			want: []string{"Bearer ${env.API_TOKEN}", "api_key=${env.API_KEY}"}, none: []string{"abc.def", "s3cr3t", "k3y-"}},
		"numbers keep their digits": {data: recording(get("POST", "http://a.test/x", `, "postData": {"mimeType": "application/json", "text": "{\"price\": 19.90, \"big\": 12345678901234567890, \"none\": null, \"s\": \"12\"}"}`, "{}")),
			want: []string{"price: 19.90", "big: 12345678901234567890", "none: null", `s: "12"`}},
		"a number carried as a number": {data: recording(get("POST", "http://a.test/a", "", `{"items": [{"id": 12}]}`), get("POST", "http://a.test/b", `, "postData": {"mimeType": "application/json", "text": "{\"item\": 12, \"n\": 13}"}`, "{}")),
			want: []string{"save: {item: items.0.id}", `item: "${item}"`, "\"n\": 13"}},
		"what a request sent before is no value of an answer": {data: recording(get("GET", "http://a.test/search?q=boots", "", `{"query": "boots", "id": 7}`), get("GET", "http://a.test/search?q=boots", "", "{}")),
			want: []string{"GET /search?q=boots"}, none: []string{"save"}},
		"ids of all forms": {data: recording(get("GET", "http://a.test/a/123/b/0b9b1c1e-5f0a-4c7e-9d3b-0c2f6a7d8e9f/c/01ARZ3NDEKTSV4RRFFQ69G5FAV/d/0123456789abcdef0", "", "{}")), want: []string{"name: GET /a/{id}/b/{id}/c/{id}/d/{id}"}},
		"the location of what was made": {data: recording(
			`{"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": "POST", "url": "http://a.test/orders"}, "response": {"status": 201, "headers": [{"name": "location", "value": "/orders/981"}], "content": {}}}`,
			get("GET", "http://a.test/orders/981", "", "{}")), want: []string{"GET /orders/${order}", "header: Location", `match: "/orders/([^/?#]+)"`}},
		"preflights, failures and blobs": {data: recording(
			`{"request": {"method": "OPTIONS", "url": "http://a.test/x", "headers": [{"name": "access-control-request-method", "value": "GET"}]}, "response": {"status": 204}}`,
			`{"request": {"method": "GET", "url": "http://a.test/lost"}, "response": {"status": 0, "_error": "net::ERR_ABORTED"}}`,
			`{"request": {"method": "GET", "url": "blob:http://a.test/1"}, "response": {"status": 200}}`,
			get("GET", "http://a.test/x", "", "{}")), want: []string{"http: GET /x"}, none: []string{"OPTIONS", "lost", "blob"}},
		"the host that --url names":      {host: "http://b.test", data: recording(get("GET", "http://a.test/1", "", "{}"), get("GET", "http://a.test/2", "", "{}"), get("GET", "http://b.test/3", "", "{}")), want: []string{"http: GET /3", "url: http://b.test"}, none: []string{"GET /1"}},
		"graphql elsewhere":              {data: recording(get("POST", "http://a.test/api/gql", `, "postData": {"mimeType": "application/json", "text": "{\"query\": \"{ top { id } }\"}"}`, "{}")), want: []string{"graphql: ", "path: /api/gql"}},
		"a path with letters past ASCII": {data: recording(get("GET", "http://a.test/wo%20rt/ä b?x=$%7By%7D&é=1", "", "{}")), want: []string{"/wo%20rt/%C3%A4%20b"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := har.Draft(draft.Input{Name: "x.har", Data: c.data, Host: c.host})
			if err != nil {
				t.Fatal(err)
			}
			parse(t, d)
			text := d.YAML()
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			for _, none := range c.none {
				if strings.Contains(text, none) {
					t.Errorf("%q is in\n%s", none, text)
				}
			}
		})
	}
}

// Files that are no recording are refused in a sentence.
func TestRefusals(t *testing.T) {
	many := make([]string, 50_001)
	for i := range many {
		many[i] = `{}`
	}
	for want, data := range map[string][]byte{
		"x.har:1:2: this is no HAR file":              []byte(`[]`),
		"x.har is no HAR file: it has no log.entries": []byte(`{"openapi": "3.0.0"}`),
		"x.har holds no request":                      recording(),
		"x.har holds no request to a host that can be loaded, but 1 static and 2 failed; its hosts: a.test": recording(
			`{"request": {"method": "GET", "url": "http://a.test/x"}, "response": {"status": 404}}`, `{"request": {"method": "GET", "url": "http://a.test/x"}}`, `{"request": {"method": "GET", "url": "http://a.test/x.png"}, "response": {"status": 200}}`),
		"x.har holds no request to a host that can be loaded, but 1 without a web address": recording(`{"request": {"method": "GET", "url": "data:text/plain,x"}}`),
		"x.har:2:3: invalid character": []byte("{\"log\":\n  ?}"),
		"the file ends too early":      []byte(`{"log": {"entries": [{"request": {"url": "http://a.test/"}`),
		"\nx.har: request.url is a number, where HAR has another kind of value, and is left out (entry 1)": recording(`{"request": {"url": 7}}`),
		"x.har holds more than 50000 entries: give a smaller part":                                         recording(many...),
		"x.har holds no request to b.test; its hosts: a.test, c.test":                                      recording(get("GET", "http://a.test/", "", "{}"), get("GET", "http://c.test/", "", "{}")),
	} {
		host := ""
		if strings.Contains(want, "b.test") {
			host = "http://b.test"
		}
		_, err := har.Draft(draft.Input{Name: "x.har", Data: data, Host: host})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", data, err, want)
		}
	}
}

// A recording that is deep, or that repeats without end, ends in words.
func TestHostile(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000)
	wide := `{"items": [` + strings.Repeat(`{"id": "0000"},`, 100_000) + `{}]}`
	var numbers strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&numbers, `"value-%d",`, i)
	}
	for _, answer := range []string{deep, wide, "[" + numbers.String() + `"x"]`, strings.Repeat("[", 20_000), "{\"a\": \"\ufffd\x00\"}"} {
		d, err := har.Draft(draft.Input{Name: "x.har", Data: recording(get("GET", "http://a.test/", "", answer), get("GET", "http://a.test/value-7", "", "{}"))})
		if err != nil {
			t.Errorf("%.40s: %v", answer, err)
			continue
		}
		parse(t, d)
	}
}

func FuzzDraft(f *testing.F) {
	data, err := os.ReadFile("testdata/shop.har")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(recording(get("GET", "http://a.test/a/1?b=${c}#d", `, "headers": [{"name": "X-A", "value": "${"}]`, `{"${": 1}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := har.Draft(draft.Input{Name: "x.har", Data: data})
		if err != nil {
			return
		}
		if !slices.ContainsFunc(d.Users, func(u draft.User) bool { return !u.IsOff() }) {
			return
		}
		parse(t, d)
	})
}
