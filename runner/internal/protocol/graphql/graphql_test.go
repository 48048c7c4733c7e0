package graphql_test

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	gophers "github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/relay"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// user is one user of a profile.
type user struct {
	plan   *plan.Plan
	client load.Client
	values *datagen.User
}

// newUser is the first user of a profile with these steps, against a server.
func newUser(t testing.TB, url, target, steps string) *user {
	t.Helper()
	text := fmt.Sprintf("name: g\ntarget: {url: %q, timeout: 10s%s}\nusers:\n  - name: u\n    tasks:\n      - steps:\n", url, target)
	for line := range strings.Lines(strings.TrimSpace(steps)) {
		text += "          " + line
	}
	files := map[string]string{"cat.png": "a cat", "dog.png": "a dog\r\n--"}
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{
		Env:  func(string) (string, bool) { return "", false },
		Read: func(name string) ([]byte, error) { return []byte(files[name]), nil },
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := protocol.New(made, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	u := &user{made, clients.Client(), datagen.New(made).User(0, made.Behaviours[0].Slots)}
	t.Cleanup(func() {
		u.client.Close()
		clients.Close()
	})
	return u
}

// do makes the i-th call.
func (u *user) do(i int) load.Outcome {
	return u.client.Do(context.Background(), u.plan.Calls[i], u.values)
}

// all makes all calls, and says how each ended.
func (u *user) all() (ends []string) {
	for i := range u.plan.Calls {
		ends = append(ends, said(u.do(i)))
	}
	return ends
}

func said(o load.Outcome) string {
	if o.Class == tally.OK {
		return "ok"
	}
	return o.Class.String() + ": " + cmp.Or(o.Example, o.Error)
}

// serve starts a server of HTTP/1.1 and of HTTP/2 without TLS.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// shop is a service of GraphQL that somebody else's library answers for.
type shop struct{}

func (shop) Top(args struct{ N int32 }) []*item {
	items := make([]*item, args.N)
	for i := range items {
		items[i] = &item{fmt.Sprint("i", i)}
	}
	return items
}

func (shop) Item(args struct{ ID gophers.ID }) (*item, error) {
	if args.ID == "none" {
		return nil, noItem{}
	}
	return &item{string(args.ID)}, nil
}

func (shop) Add(args struct {
	Name  string
	Price float64
	New   bool
	Kind  string
}) string {
	return fmt.Sprintf("%q %v %v %s", args.Name, args.Price, args.New, args.Kind)
}

type item struct{ id string }

func (i *item) ID() gophers.ID { return gophers.ID(i.id) }

func (i *item) Name() (string, error) {
	if i.id == "broken" {
		return "", errors.New("no name today")
	}
	return "item " + i.id, nil
}

type noItem struct{}

func (noItem) Error() string { return "no such item" }

func (noItem) Extensions() map[string]any { return map[string]any{"code": "NOT_FOUND"} }

const shopSchema = `
type Query { top(n: Int!): [Item!]! item(id: ID!): Item }
type Mutation { add(name: String!, price: Float!, new: Boolean!, kind: Kind!): String! }
type Item { id: ID! name: String! }
enum Kind { TENT BOOTS }
`

// A real service answers: over HTTP/1.1 and HTTP/2, with variables of every kind, and with errors.
func TestRealService(t *testing.T) {
	url := serve(t, &relay.Handler{Schema: gophers.MustParseSchema(shopSchema, &shop{})})
	for _, version := range []string{`"1.1"`, "2"} {
		u := newUser(t, url, ", http: "+version+", graphql: {path: /any}", `
- graphql: "query Top($n: Int!) { top(n: $n) { id name } }"
  variables: {n: "${int(7,7)}"}
  expect: {json: {"data.top.#": 7}}
  save: {id: data.top.3.id}
- graphql: "query Item($id: ID!) { item(id: $id) { id name } }"
  variables: {id: "${id}"}
  expect: {json: {data.item.name: item i3}, headers: {Content-Type: "~ json"}}
- graphql: "mutation Add($n: String!, $p: Float!, $new: Boolean!, $k: Kind!) { add(name: $n, price: $p, new: $new, kind: $k) }"
  variables: {n: "a \"quoted\" ${int(5,5)}", p: "${int(2,2)}", new: true, k: TENT}
  expect: {json: {data.add: '"a \"quoted\" 5" 2 true TENT'}}
- graphql: "{ none: item(id: \"none\") { id } }"
- graphql: "query Broken { item(id: \"broken\") { name } }"
- graphql: "query Unknown { itm { id } }"
- graphql: "query Expected { item(id: \"none\") { id } }"
  expect: {errors: some, json: {errors.0.message: no such item}}
- graphql: "query Any { item(id: \"1\") { id } }"
  expect: {errors: any}
- graphql: "query Some { item(id: \"1\") { id } }"
  expect: {errors: some}
- graphql: "query Wrong { item(id: \"1\") { id } }"
  expect: {json: {data.item.id: 2}}
`)
		want := []string{
			"ok", "ok", "ok", "graphql: NOT_FOUND at none", "graphql: no name today at item.name",
			`graphql: Cannot query field "itm" on type "Query". Did you mean "item"?`, "ok", "ok",
			"expect: expected errors, and the answer has none", `expect: expected data.item.id == 2`,
		}
		for i, got := range u.all() {
			if got != want[i] {
				t.Errorf("HTTP %s, %s: %s, want %s", version, u.plan.Calls[i].Name, got, want[i])
			}
		}
	}
}

// Services answer in ways that the specification does not know.
func TestMisbehavingServices(t *testing.T) {
	const good = `{"data": {"top": [{"id": 1}]}}`
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"good":              {200, good, "ok"},
		"good at 201":       {201, good, "ok"},
		"data last":         {200, `{"extensions": {"errors": [1]}, "data": {}}`, "ok"},
		"no errors":         {200, `{"errors": [], "data": {"top": []}}`, "ok"},
		"null errors":       {200, `{"errors": null, "data": {"top": []}}`, "ok"},
		"byte order mark":   {200, "\xef\xbb\xbf" + good, "ok"},
		"error":             {200, `{"errors": [{"message": "Unexpected error.", "path": ["top", 17, "score"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": null}`, "graphql: INTERNAL_SERVER_ERROR at top.#.score"},
		"index as a text":   {200, `{"errors": [{"message": "x", "path": ["top", "17"]}]}`, "graphql: x at top.#"},
		"partial":           {200, `{"data": {"top": null}, "errors": [{"message": "a\nb", "path": ["top"]}, {"message": "c"}]}`, "graphql: a\nb at top (and others)"},
		"code without path": {400, `{"errors": [{"message": "Syntax Error", "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}]}`, "graphql: status 400 Bad Request: GRAPHQL_PARSE_FAILED: Syntax Error"},
		"errors at 500":     {500, `{"errors": [{"message": "broken"}]}`, "graphql: status 500 Internal Server Error: broken"},
		"masked":            {200, `{"errors": [{"extensions": {}}]}`, "graphql: an error without a message"},
		"error as text":     {200, `{"errors": "not allowed", "data": {}}`, "graphql: errors of the answer is no list: not allowed"},
		"errors 0":          {200, `{"errors": 0, "data": {}}`, "graphql: errors of the answer is no list: 0"},
		"errors {}":         {200, `{"errors": {}, "data": {}}`, "graphql: errors of the answer is no list: an error without a message"},
		"escaped keys":      {200, `{"err\u006frs": [{"message": "x"}], "d\u0061ta": {}}`, "graphql: x"},
		"error texts":       {200, `{"errors": ["not allowed"]}`, "graphql: not allowed"},
		"one error":         {200, `{"errors": {"message": "not allowed"}}`, "graphql: errors of the answer is no list: not allowed"},
		"not found query":   {200, `{"errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]}`, "graphql: the server does not know this persisted query (PersistedQueryNotFound); send it once before, in setup, with persisted: register"},
		"forged":            {400, `{"errors": [{"message": "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF).", "extensions": {"code": "BAD_REQUEST"}}]}`, "graphql: status 400 Bad Request: BAD_REQUEST: This operation has been blocked as a potential Cross-Site Request Forgery (CSRF)."},
		"null data":         {200, `{"data": null}`, "graphql: the data of the answer is null, and no error says why"},
		"no data":           {200, `{}`, "graphql: the answer has neither data nor errors"},
		"a gateway":         {200, `{"message": "Unauthorized"}`, "graphql: the answer has neither data nor errors: Unauthorized"},
		"an error's text":   {200, `{"error": {"message": "no key"}}`, "graphql: the answer has neither data nor errors: no key"},
		"a bare 502":        {502, `<html>`, "status: status 502 Bad Gateway"},
		"data at 503":       {503, good, "status: status 503 Service Unavailable"},
		"a page":            {200, "<!doctype html>", "graphql: the answer is a page and no JSON"},
		"nothing":           {200, "", "graphql: the answer is empty"},
		"no content":        {204, "", "graphql: the answer is empty"},
		"half":              {200, `{"data": {"top": [`, "graphql: the answer is not JSON"},
		"a list":            {200, "[" + good + "]", "graphql: the answer is a list, as for several operations at once; one was sent"},
		"parts":             {200, "--graphql\r\nContent-Type: application/json\r\n\r\n" + good, "graphql: the answer comes in parts, as for @defer and @stream, which are not read"},
		"events":            {200, "event: next\ndata: " + good + "\n\n", "graphql: the answer is a stream of events, which is not read here"},
		"deep":              {200, `{"data": ` + strings.Repeat("[", 100_000), "graphql: the JSON of the answer is nested more than 10000 levels deep"},
		"errors last":       {200, `{"data": {"top": "` + strings.Repeat("x", 8<<20) + `"}, "errors": [{"message": "far"}]}`, "graphql: far"},
		"too large":         {200, `{"data": {"top": "` + strings.Repeat("x", 17<<20) + `"}}`, "transport: the answer is larger than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			for _, version := range []string{`"1.1"`, "2"} {
				u := newUser(t, url, ", http: "+version, `- graphql: "{ top { id } }"`)
				got := said(u.do(0))
				if name == "too large" {
					if !strings.HasPrefix(got, "transport: ") || !strings.Contains(got, "16 MiB") {
						t.Errorf("HTTP %s: %s", version, got)
					}
					continue
				}
				if got != c.want {
					t.Errorf("HTTP %s: %s, want %s", version, got, c.want)
				}
			}
		})
	}
}

// An answer may be compressed, whatever its status.
func TestCompressedAnswers(t *testing.T) {
	for body, want := range map[string]string{`{"data": {"top": []}}`: "ok", `{"errors": [{"message": "x"}]}`: "graphql: status 400 Bad Request: x"} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			if want != "ok" {
				w.WriteHeader(http.StatusBadRequest)
			}
			z := gzip.NewWriter(w)
			io.WriteString(z, body)
			z.Close()
		}))
		for _, version := range []string{`"1.1"`, "2"} {
			if got := said(newUser(t, url, ", http: "+version, `- graphql: "{ top { id } }"`).do(0)); got != want {
				t.Errorf("HTTP %s, %s: %s, want %s", version, body, got, want)
			}
		}
	}
}

// Messages that differ in their values alone are one kind of error.
func TestValuesInMessages(t *testing.T) {
	for status, want := range map[int]string{200: "", 404: "status 404 Not Found: "} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, `{"errors": [{"message": "no product 17", "path": ["product"]}], "data": null}`)
		}))
		o := newUser(t, url, "", `- graphql: "{ product(id: 17) { id } }"`).do(0)
		if o.Error != want+"no product # at product" || o.Example != want+"no product 17 at product" {
			t.Errorf("%q, such as %q", o.Error, o.Example)
		}
	}
}

// A step's expected status and errors must both hold.
func TestExpectedErrors(t *testing.T) {
	const failed, good = `{"errors": [{"message": "x"}], "data": null}`, `{"data": {"top": []}}`
	for _, c := range []struct {
		status             int
		body, expect, want string
	}{
		{400, failed, "{errors: some}", "ok"},
		{200, failed, "{errors: some}", "ok"},
		{400, failed, "{errors: any}", "ok"},
		{400, good, "{errors: any}", "status: status 400 Bad Request"},
		{400, failed, "{errors: some, status: 200}", "status: status 400 Bad Request, expected [200]"},
		{400, failed, "{status: 400}", "graphql: status 400 Bad Request: x"},
		{400, failed, "{status: 400, errors: some, json: {errors.0.message: y}}", "expect: expected errors.0.message == y"},
		{200, good, "{status: [200, 201], errors: none}", "ok"},
		{200, good, "{status: 201}", "status: status 200 OK, expected [201]"},
		{200, good, `{json: {data.top: exists}, size: "> 5", text: data}`, "ok"},
	} {
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		u := newUser(t, url, "", "- {graphql: \"{ top { id } }\", expect: "+c.expect+"}")
		if got := said(u.do(0)); got != c.want {
			t.Errorf("status %d, %s, %s: %s, want %s", c.status, c.body, c.expect, got, c.want)
		}
	}
}

// The calls of a user share its cookies and its connection, whatever their protocol.
func TestSharesTheUser(t *testing.T) {
	var ports []string
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ports = append(ports, r.RemoteAddr)
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "abc"})
			return
		}
		cookie, err := r.Cookie("sid")
		if err != nil || r.Header.Get("X-Common") != "yes" || !strings.HasPrefix(r.Header.Get("Accept"), "application/graphql-response+json") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"data": {"sid": %q}}`, cookie.Value)
	}))
	for _, version := range []string{`"1.1"`, "2"} {
		ports = nil
		u := newUser(t, url, ", http: "+version+", headers: {X-Common: yes}", `
- http: POST /login
- {graphql: "{ sid }", expect: {json: {data.sid: abc}}}
- http: GET /login
`)
		if got := fmt.Sprint(u.all()); got != "[ok ok ok]" || len(ports) != 3 || ports[0] != ports[1] || ports[1] != ports[2] {
			t.Errorf("HTTP %s: %s from %v", version, got, ports)
		}
	}
}

// Files arrive as the GraphQL multipart request specification has them.
func TestUpload(t *testing.T) {
	var parts atomic.Value
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := read(r)
		if err != nil {
			got = err.Error()
		}
		parts.Store(got + r.Header.Get("Apollo-Require-Preflight"))
		io.WriteString(w, `{"data": {"upload": 2}}`)
	}))
	u := newUser(t, url, "", `
- graphql: "mutation Up($name: String!, $f: [Upload!]!) { upload(name: $name, files: $f) }"
  variables: {name: "${int(1,1)}", f: [{file: cat.png, type: image/png}, {file: dog.png, name: "d${int(3,3)}.png"}]}
`)
	const want = `operations={"query":"mutation Up($name: String!, $f: [Upload!]!) { upload(name: $name, files: $f) }","operationName":"Up","variables":{"name":"1","f":[null,null]}}
map={"0":["variables.f.0"],"1":["variables.f.1"]}
0=cat.png image/png a cat
1=d3.png application/octet-stream a dog` + "\r\n--\ntrue"
	if got := said(u.do(0)); got != "ok" || parts.Load() != want {
		t.Errorf("%s\n%s\nwant\n%s", got, parts.Load(), want)
	}
}

// read lists the parts of a multipart request.
func read(r *http.Request) (text string, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return "", err
	}
	for {
		var p *multipart.Part
		switch p, err = parts.NextPart(); {
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return "", err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return "", err
		}
		if p.FileName() != "" {
			text += fmt.Sprintf("%s=%s %s %s\n", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content)
		} else {
			text += p.FormName() + "=" + string(content) + "\n"
		}
	}
}
