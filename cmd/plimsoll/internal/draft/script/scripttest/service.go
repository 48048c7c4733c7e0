// Package scripttest runs drafts of load scripts against services that take what the scripts send and no more.
//
// A service is written as rules, one paragraph each: what a request must be, and what is answered.
//
//	POST /login
//	header X-App web
//	json {"user": "~^u[0-9]+$", "password": "secret"}
//	answer 200 {"token": "T-{n}"}
//
// The path may hold * for a segment. query, form, json and multipart hold what a request must have, neither more
// nor less; a text that begins with ~ is a regular expression. {n} in an answer is the number of the request. A
// request that no rule takes is refused, and so is one that its rule does not take. A rule that begins with "maybe"
// need not be used. WS /path takes WebSockets: recv says what each message must be, and send what is answered.
package scripttest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Service is a server of rules.
type Service struct {
	mu       sync.Mutex
	rules    []*rule
	n        int
	refusals []string
}

type rule struct {
	method, path string
	wants        []want
	status       int
	answer       string
	headers      [][2]string
	maybe        bool
	used         int
}

type want struct{ what, name, value string }

// newService reads rules.
func newService(t testing.TB, text string) *Service {
	t.Helper()
	s := &Service{}
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		r := &rule{status: 200}
		for i, line := range strings.Split(strings.TrimSpace(paragraph), "\n") {
			word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			if i == 0 && word == "maybe" {
				r.maybe = true
				word, rest, _ = strings.Cut(rest, " ")
			}
			switch {
			case i == 0:
				r.method, r.path = word, rest
			case word == "header" || word == "cookie":
				name, value, _ := strings.Cut(rest, " ")
				r.wants = append(r.wants, want{word, name, value})
			case word == "set":
				name, value, _ := strings.Cut(rest, " ")
				r.headers = append(r.headers, [2]string{name, value})
			case word == "answer":
				status, body, _ := strings.Cut(rest, " ")
				n, err := strconv.Atoi(status)
				if err != nil {
					t.Fatalf("rule %q: %v", line, err)
				}
				r.status, r.answer = n, body
			default:
				r.wants = append(r.wants, want{what: word, value: rest})
			}
		}
		s.rules = append(s.rules, r)
	}
	return s
}

// Refusals are the requests that were refused, and why.
func (s *Service) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refusals...)
}

// Unused are the rules that no request used, those with maybe aside.
func (s *Service) Unused() (rules []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if r.used == 0 && !r.maybe {
			rules = append(rules, r.method+" "+r.path)
		}
	}
	return rules
}

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, why string) {
	s.mu.Lock()
	s.refusals = append(s.refusals, fmt.Sprintf("%s %s: %s", r.Method, r.URL, why))
	s.mu.Unlock()
	http.Error(w, why, http.StatusUnprocessableEntity)
}

// ServeHTTP answers by the first rule that takes the request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	why := "there is no such request"
	for _, one := range s.rules {
		method := r.Method
		if r.Header.Get("Upgrade") != "" {
			method = "WS"
		}
		if one.method != method || !samePath(one.path, r.URL.Path) {
			continue
		}
		if why = one.refuses(r, body); why != "" {
			continue
		}
		s.mu.Lock()
		one.used++
		s.n++
		n := strconv.Itoa(s.n)
		s.mu.Unlock()
		if method == "WS" {
			s.socket(w, r, one)
			return
		}
		for _, h := range one.headers {
			w.Header().Add(h[0], strings.ReplaceAll(h[1], "{n}", n))
		}
		if w.Header().Get("Content-Type") == "" && (strings.HasPrefix(one.answer, "{") || strings.HasPrefix(one.answer, "[")) {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(one.status)
		_, _ = io.WriteString(w, strings.ReplaceAll(one.answer, "{n}", n)) // the client notices a short answer
		return
	}
	s.refuse(w, r, why+fmt.Sprintf(" (body %.300q)", body))
}

func samePath(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (a[i] != "*" || b[i] == "") {
			return false
		}
	}
	return true
}

// refuses says why a rule does not take a request; empty if it does.
func (r *rule) refuses(request *http.Request, body []byte) string {
	query := map[string]any{}
	sawQuery, sawBody := false, false
	for name, values := range request.URL.Query() {
		query[name] = strings.Join(values, ",")
	}
	for _, w := range r.wants {
		switch w.what {
		case "header":
			if got := strings.Join(request.Header.Values(w.name), ","); !same(w.value, got) {
				return fmt.Sprintf("the header %s is %q, want %q", w.name, got, w.value)
			}
		case "cookie":
			cookie, err := request.Cookie(w.name)
			if err != nil || !same(w.value, cookie.Value) {
				return fmt.Sprintf("the cookie %s is %v, want %q", w.name, cookie, w.value)
			}
		case "query":
			sawQuery = true
			if why := compare(w.value, query); why != "" {
				return "the query: " + why
			}
		case "recv", "send":
		default:
			sawBody = true
			if why := w.body(request, body); why != "" {
				return why
			}
		}
	}
	if !sawQuery && len(query) > 0 {
		return fmt.Sprintf("the query is %v, want none", query)
	}
	if !sawBody && len(body) > 0 {
		return "it has a body, want none"
	}
	return ""
}

// body says why a body is not as it must be.
func (w want) body(r *http.Request, body []byte) string {
	kind := r.Header.Get("Content-Type")
	begins := map[string]string{"json": "application/json", "form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data"}[w.what]
	if !strings.HasPrefix(kind, begins) {
		return fmt.Sprintf("the Content-Type is %q", kind)
	}
	got := map[string]any{}
	switch w.what {
	case "json":
		var v any
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return "the body is no JSON"
		}
		return compareValue(w.value, v)
	case "form":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return "the body is no form"
		}
		for name, all := range values {
			got[name] = strings.Join(all, ",")
		}
	case "multipart":
		_, boundary, _ := strings.Cut(kind, "boundary=")
		form, err := multipart.NewReader(strings.NewReader(string(body)), boundary).ReadForm(1 << 20)
		if err != nil {
			return "the body is no multipart form"
		}
		for name, all := range form.Value {
			got[name] = strings.Join(all, ",")
		}
		for name, files := range form.File {
			got[name] = "file " + files[0].Filename + " " + files[0].Header.Get("Content-Type")
		}
	case "body":
		if !same(w.value, string(body)) {
			return fmt.Sprintf("the body is not %q", w.value)
		}
		return ""
	}
	return compare(w.value, got)
}

func compare(want string, got map[string]any) string { return compareValue(want, got) }

func compareValue(text string, got any) string {
	var want any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		return "the rule is no JSON: " + text
	}
	return differs(want, got, "")
}

// differs says where two values differ.
func differs(want, got any, at string) string {
	switch want := want.(type) {
	case map[string]any:
		have, is := got.(map[string]any)
		if !is {
			return fmt.Sprintf("%s is %v, want an object", at, got)
		}
		for key := range have {
			if _, there := want[key]; !there {
				return fmt.Sprintf("%s.%s is more than what is wanted", at, key)
			}
		}
		for key, v := range want {
			if why := differs(v, have[key], at+"."+key); why != "" {
				return why
			}
		}
		return ""
	case []any:
		have, is := got.([]any)
		if !is || len(have) != len(want) {
			return fmt.Sprintf("%s is %v, want %d items", at, got, len(want))
		}
		for i := range want {
			if why := differs(want[i], have[i], at+"."+strconv.Itoa(i)); why != "" {
				return why
			}
		}
		return ""
	case string:
		if text, is := got.(string); is && same(want, text) {
			return ""
		}
		if number, is := got.(json.Number); is && strings.HasPrefix(want, "~#") && same("~"+want[2:], number.String()) {
			return "" // ~# is a number
		}
		return fmt.Sprintf("%s is %#v, want %q", at, got, want)
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s is %#v, want %#v", at, got, want)
	}
	return ""
}

// same compares a text with what is wanted: a regular expression after a ~.
func same(want, got string) bool {
	if expression, is := strings.CutPrefix(want, "~"); is {
		return regexp.MustCompile(expression).MatchString(got)
	}
	return want == got
}

// socket takes a WebSocket: the messages in the order of the rule.
func (s *Service) socket(w http.ResponseWriter, r *http.Request, one *rule) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow() //nolint:errcheck // the client may have gone
	for _, want := range one.wants {
		switch want.what {
		case "recv":
			_, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if !same(want.value, string(message)) {
				s.mu.Lock()
				s.refusals = append(s.refusals, fmt.Sprintf("WS %s: the message is %q, want %q", r.URL, message, want.value))
				s.mu.Unlock()
			}
		case "send":
			if conn.Write(r.Context(), websocket.MessageText, []byte(want.value)) != nil {
				return
			}
		}
	}
	_, _, _ = conn.Read(r.Context()) // until the client closes
}
