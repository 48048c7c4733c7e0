package openapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/openapi"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// environ has every variable.
func environ(name string) (string, bool) {
	if name == "API_BASIC" {
		return "c2tfdGVzdF8xMjM6", true // sk_test_123: as stripe-mock wants it
	}
	return "secret-" + name, true
}

// parse reads the profile of a draft.
func parse(t testing.TB, d *draft.Draft) *profile.Profile {
	t.Helper()
	text := d.YAML()
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{Env: environ, Read: d.Read})
	if err := problems.Err(); err != nil {
		t.Fatalf("the profile is refused: %v\n%s", err, text)
	}
	return p
}

// try sends each step of a draft once to a server.
func try(t testing.TB, d *draft.Draft, address string) []runner.Tried {
	t.Helper()
	d.Name, d.URL = "x", address
	pl, err := plan.Make(parse(t, d), plan.Values{Env: environ})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := runner.Try(context.Background(), runner.System{Plan: pl}, runner.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func input(t testing.TB, path string) draft.Input {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return draft.Input{Name: filepath.Base(path), Data: data}
}

// oracle is a server that holds each request against a description with kin-openapi, which is not used elsewhere here.
type oracle struct {
	forms map[string]*regexp.Regexp // of the paths
	doc   *openapi3.T
	base  string
	mu    sync.Mutex // guards wrong
	wrong map[string]string
}

func newOracle(t testing.TB, in draft.Input, base string) *oracle {
	t.Helper()
	loader := openapi3.NewLoader()
	var doc *openapi3.T
	var two openapi2.T
	if err := yaml.Load(in.Data, &two); err == nil && strings.Contains(string(in.Data[:200]), "swagger") {
		if err := two.UnmarshalJSON(in.Data); err != nil {
			t.Fatal(err)
		}
		if doc, err = openapi2conv.ToV3(&two); err != nil {
			t.Fatal(err)
		}
	} else if doc, err = loader.LoadFromData(in.Data); err != nil {
		t.Fatal(err)
	}
	doc.Servers, doc.Security = nil, nil
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
		for _, o := range item.Operations() {
			o.Servers, o.Security = nil, nil
		}
	}
	forms := map[string]*regexp.Regexp{}
	for path := range doc.Paths.Map() {
		forms[path] = regexp.MustCompile("^" + regexp.MustCompile(`\\\{[^/]*?\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "([^/]*)") + "$")
	}
	return &oracle{doc: doc, forms: forms, base: base, wrong: map[string]string{}}
}

// route finds the operation of a request: the one whose path has the fewest parameters.
func (o *oracle) route(r *http.Request) (found *routers.Route, params map[string]string, err error) {
	for path, item := range o.doc.Paths.Map() {
		operation := item.GetOperation(r.Method)
		match := o.forms[path].FindStringSubmatch(r.URL.EscapedPath())
		if operation == nil || match == nil || found != nil && len(params) <= len(match)-1 {
			continue
		}
		params = map[string]string{}
		for i, name := range regexp.MustCompile(`\{([^/]*?)\}`).FindAllStringSubmatch(path, -1) {
			value, err := url.PathUnescape(match[i+1])
			if err != nil {
				return nil, nil, err
			}
			params[name[1]] = value
		}
		found = &routers.Route{Spec: o.doc, Path: path, PathItem: item, Method: r.Method, Operation: operation}
	}
	if found == nil {
		return nil, nil, fmt.Errorf("no operation")
	}
	return found, params, nil
}

func (o *oracle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Method + " " + r.URL.RequestURI()
	r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, o.base), strings.TrimPrefix(r.URL.RawPath, o.base)
	route, params, err := o.route(r)
	if err == nil {
		err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
		})
	}
	if err != nil {
		o.mu.Lock()
		name := "?"
		if route != nil {
			name = route.Method + " " + route.Path
		}
		o.wrong[name] = asked + ": " + err.Error()
		o.mu.Unlock()
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // a test server's
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, "{}")
}

// Every operation of real descriptions becomes a request that fits the description.
func TestRequestsFit(t *testing.T) {
	files, err := filepath.Glob("testdata/readme/*.*")
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder("text/plain", openapi3filter.FileBodyDecoder)
	sent, files3 := 0, 0
	for _, file := range files {
		if strings.HasSuffix(file, ".md") {
			continue
		}
		files3++
		t.Run(filepath.Base(file), func(t *testing.T) {
			in := input(t, file)
			d, err := openapi.Each(in)
			if err != nil {
				t.Fatal(err)
			}
			o := newOracle(t, in, d.Path)
			server := httptest.NewServer(o)
			defer server.Close()
			for _, one := range try(t, d, server.URL) {
				sent++
				if one.Problem != "" && !excused(one.Route, o.wrong[one.Route]) {
					t.Errorf("%s: %s: %s", one.Route, one.Problem, o.wrong[one.Route])
				}
			}
		})
	}
	if files3 < 20 || sent < 120 {
		t.Errorf("%d requests of %d descriptions were sent", sent, files3)
	}
}

// excused are requests that are refused although nothing better can be sent.
func excused(route, wrong string) bool {
	return strings.Contains(route, "#") || // a way to describe one path twice, which no router knows
		strings.Contains(wrong, "input matches more than one oneOf schemas") || // whatever is sent does: nothing in them is required
		strings.Contains(wrong, "in cookie has an error: invalid serialization method") // which the specification allows
}

// The whole of each draft is a profile that is read.
func TestDrafts(t *testing.T) {
	files, err := filepath.Glob("testdata/readme/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".md") {
			continue
		}
		d, err := openapi.Draft(input(t, file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		d.Name, d.URL = "x", "http://127.0.0.1:1"
		if d.IsEmpty() {
			continue
		}
		parse(t, d.Filled())
		_, problems := profile.Parse("plimsoll.yaml", []byte(d.YAML()), profile.Surroundings{Env: environ, Read: d.Read})
		for _, problem := range problems {
			if !strings.HasSuffix(problem.Text, "the list is empty; fill in at least one value") {
				t.Errorf("%s: %v", file, problem)
			}
		}
		if len(problems) != len(d.ToFill()) {
			t.Errorf("%s: %d tables are to fill in, and the problems are %v", file, len(d.ToFill()), problems)
		}
	}
}

func TestTextLike(t *testing.T) {
	for _, c := range []struct {
		pattern     string
		least, most int
	}{
		{`^[a-z]+$`, 0, -1}, {`^[A-Z]{3}-\d{4}$`, 0, -1}, {`\d`, 5, 5}, {`^(a|b)+c?$`, 4, 9}, {`^[^@\s]+@[^@\s]+\.[a-z]{2,}$`, 0, 60},
		{`^\+?[1-9]\d{1,14}$`, 0, -1}, {`^.{1,4000}$`, 10, 4000}, {`^[\w.-]+$`, 1, 3}, {`^\/[a-z0-9_\-\/]+$`, 0, -1}, {`^#[0-9a-fA-F]{6}$`, 0, -1},
		{`^\d{4}-\d{2}-\d{2}$`, 10, 10}, {`^[\u4e00-\u9fa5]{2}$`, 0, -1}, {`(?i)^yes$`, 0, -1}, {`^(https?|ftp):\/\/.+$`, 0, -1}, {``, 3, -1},
	} {
		text, ok := openapi.TextLike([]string{c.pattern}, c.least, c.most)
		length := len([]rune(text))
		if !ok || length < c.least || c.most >= 0 && length > c.most {
			t.Errorf("%s of %d to %d: %q (%v)", c.pattern, c.least, c.most, text, ok)
		}
	}
	for _, pattern := range []string{`^(?=.*\d)[a-z\d]+$`, `^(a)\1$`, `[`, `^a$|^$^b`} {
		if text, ok := openapi.TextLike([]string{pattern}, 0, -1); ok && !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s gives %q", pattern, text)
		}
	}
	if text, ok := openapi.TextLike([]string{`^ab$`}, 3, -1); ok {
		t.Errorf("^ab$ with three characters gives %q", text)
	}
}

// FuzzDraft drafts from anything: it ends, and what it makes is a profile that is read, or too large for one.
func FuzzDraft(f *testing.F) {
	for _, seed := range []string{
		"paths: {/a/{id}: {get: {parameters: [{name: id, in: path, schema: {type: integer}}]}, delete: {}}}",
		"paths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/c'}}}}}}}\nc: {oneOf: [{$ref: '#/c'}, {allOf: [{$ref: '#/c'}, {type: string, pattern: '^a{2}$'}]}]}",
		"paths: {/a: {post: {requestBody: {content: {multipart/form-data: {schema: {properties: {f: {format: binary}}}}}}}}}\nsecurity: [{k: []}]\ncomponents: {securitySchemes: {k: {type: apiKey, in: query, name: k}}}",
		"paths: {\"/a${x}/{b}#c?d={e}\": {get: {parameters: [{name: \"$\", in: query, required: true, style: deepObject, schema: {example: {\"${a}\": [1, {}]}}}]}}}",
		"paths: {/a: {post: {responses: {200: {content: {a/json: {schema: {items: {properties: {id: {}}}}}}}}}}, /a/{x}: {get: {}}}",
	} {
		f.Add("openapi: 3.1.0\n" + seed)
		f.Add("swagger: '2.0'\n" + seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := openapi.Draft(draft.Input{Name: "api.yaml", Data: []byte(text)})
		if err != nil || d.IsEmpty() {
			return
		}
		d.Name, d.URL = "x", "http://127.0.0.1:1"
		made := d.Filled().YAML()
		_, problems := profile.Parse("plimsoll.yaml", []byte(made), profile.Surroundings{Env: environ, Read: d.Read})
		if err := problems.Err(); err != nil && len(made) < 1<<20 {
			t.Errorf("%q becomes a profile that is refused: %v\n%s", text, err, made)
		}
	})
}
