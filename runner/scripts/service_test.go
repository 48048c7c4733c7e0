package scripts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// service answers like a script's own service. It keeps the requests that it saw by connection: each user has one.
type service struct {
	t        *testing.T
	mux      *http.ServeMux
	lifetime time.Duration // of tokens; shorter than the run
	enough   string        // a part of the refusal that ends the run; empty for none
	stop     chan struct{} // closed by that refusal

	mu       sync.Mutex          // guards the fields below, and the data of handlers
	seen     map[string][]string // by connection: the routes in their order
	counts   map[string]int      // by route, and by what handlers count
	refusals []string
}

func newService(t *testing.T) *service {
	return &service{t: t, mux: http.NewServeMux(), stop: make(chan struct{}), seen: map[string][]string{}, counts: map[string]int{}}
}

// refuse keeps the text of a refusal.
func (s *service) refuse(text string) {
	s.refusals = append(s.refusals, text)
	if s.enough != "" && strings.Contains(text, s.enough) {
		s.enough = ""
		close(s.stop)
	}
}

// refused is the panic that ends a handler after a refusal.
type refused struct{}

// exchange is one request and its answer. The service's lock is held.
type exchange struct {
	*service
	w     http.ResponseWriter
	r     *http.Request
	route string
	body  []byte
}

// on answers the requests of a route, such as POST /login, one at a time.
func (s *service) on(route string, answer func(*exchange)) {
	s.mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		x := &exchange{s, w, r, route, body}
		defer func() {
			if p := recover(); p != nil && p != (refused{}) {
				panic(p)
			}
		}()
		x.need(err == nil, 400, "the body was cut off: %v", err)
		s.seen[r.RemoteAddr] = append(s.seen[r.RemoteAddr], route)
		s.counts[route]++
		answer(x)
	})
}

// ServeHTTP refuses requests without a route.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refuse("there is no " + r.Method + " " + r.URL.Path)
		http.NotFound(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// need refuses the request unless a condition holds.
func (x *exchange) need(holds bool, status int, format string, args ...any) {
	if holds {
		return
	}
	text := fmt.Sprintf(format, args...)
	x.refuse(x.route + ": " + text)
	http.Error(x.w, text, status)
	panic(refused{})
}

// equal refuses the request unless a value is as wanted.
func (x *exchange) equal(what, got, want string) {
	x.need(got == want, 400, "%s is %q, want %q", what, got, want)
}

// form reads a form that has exactly these fields.
func (x *exchange) form(fields ...string) url.Values {
	x.equal("the Content-Type", x.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	form, err := url.ParseQuery(string(x.body))
	x.need(err == nil, 400, "the form cannot be read: %v", err)
	slices.Sort(fields)
	x.equal("the fields of the form", strings.Join(slices.Sorted(maps.Keys(form)), " "), strings.Join(fields, " "))
	return form
}

// json reads JSON into a value. It refuses unknown fields, and a number for a text or the reverse.
func (x *exchange) json(into any) {
	x.equal("the Content-Type", x.r.Header.Get("Content-Type"), "application/json")
	d := json.NewDecoder(bytes.NewReader(x.body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	x.need(err == nil, 422, "the JSON cannot be read: %v: %.200s", err, x.body)
}

// file reads multipart/form-data with one file.
func (x *exchange) file(field string) (name, contentType, content string) {
	kind, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	x.need(err == nil && kind == "multipart/form-data" && params["boundary"] != "", 415, "the Content-Type is %q", x.r.Header.Get("Content-Type"))
	x.r.Body = io.NopCloser(bytes.NewReader(x.body))
	x.need(x.r.ParseMultipartForm(1<<20) == nil, 400, "the parts cannot be read")
	files := x.r.MultipartForm.File[field]
	x.need(len(files) == 1 && len(x.r.MultipartForm.File) == 1 && len(x.r.MultipartForm.Value) == 0, 422, "want the one file %s", field)
	f, err := files[0].Open()
	x.need(err == nil, 400, "the file cannot be read")
	text, err := io.ReadAll(f)
	x.need(err == nil, 400, "the file cannot be read")
	return files[0].Filename, files[0].Header.Get("Content-Type"), string(text)
}

// cookie is a cookie of the request; empty when it is not there.
func (x *exchange) cookie(name string) string {
	c, err := x.r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// answer writes an answer with a Content-Type.
func (x *exchange) answer(contentType, format string, args ...any) {
	x.w.Header().Set("Content-Type", contentType)
	fmt.Fprintf(x.w, format, args...)
}

func (x *exchange) html(format string, args ...any) {
	x.answer("text/html; charset=utf-8", format, args...)
}

// reply writes an answer in JSON.
func (x *exchange) reply(status int, value any) {
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	if err := json.NewEncoder(x.w).Encode(value); err != nil {
		x.t.Error(err)
	}
}

// found redirects the client.
func (x *exchange) found(path string) {
	x.w.Header().Set("Location", path)
	x.w.WriteHeader(http.StatusFound)
}
