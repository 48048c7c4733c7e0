package githubtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// Fault is an answer in place of the right one.
type Fault struct {
	Method string // of the request to answer; empty for any
	Path   string // a part of the path of the request to answer; empty for any
	Skip   int    // how many such requests to let through first
	Status int
	Header http.Header
	Body   string // empty for a message in JSON
	Drop   bool   // cut the connection without an answer
	Stall  bool   // keep the connection open without an answer, until the client gives up
	After  bool   // do what the request asks, then fail
	// Secondary makes it the secondary rate limit, for bursts, which GitHub answers with 403 too.
	Secondary bool
}

// Fail adds faults to the queue. Each answers one request.
func (s *Server) Fail(faults ...Fault) { s.locked(func() { s.faults = append(s.faults, faults...) }) }

func (f Fault) silent() bool { return f.Drop || f.Stall }

func (s *Server) takeFault(r *http.Request) (Fault, bool) {
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		return (f.Method == "" || f.Method == r.Method) && strings.Contains(r.URL.Path, f.Path)
	})
	if i < 0 {
		return Fault{}, false
	}
	if s.faults[i].Skip > 0 {
		s.faults[i].Skip--
		return Fault{}, false
	}
	fault := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return fault, true
}

func (f Fault) answer() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	if f.silent() {
		return w
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	documentation := "https://docs.github.com/rest"
	if f.Secondary {
		documentation += "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	}
	if f.Body != "" {
		w.WriteHeader(f.Status)
		_, _ = w.WriteString(f.Body) // a recorder takes everything
		return w
	}
	reply(w, f.Status, object{"message": "a fault that the test asked for", "documentation_url": documentation})
	return w
}

// hook is called once, just before a request is handled.
type hook struct {
	method, path string
	do           func()
}

// Before calls f once, just before the next request with this method, empty for any, and this part in its path is
// handled, as if another job or a person were quicker. f may use the server.
func (s *Server) Before(method, path string, f func()) {
	s.locked(func() { s.hooks = append(s.hooks, hook{method, path, f}) })
}

func (s *Server) runHooks(r *http.Request) {
	var due []hook
	s.locked(func() {
		i := slices.IndexFunc(s.hooks, func(h hook) bool {
			return (h.method == "" || h.method == r.Method) && strings.Contains(r.URL.Path, h.path)
		})
		if i >= 0 {
			due = append(due, s.hooks[i])
			s.hooks = slices.Delete(s.hooks, i, i+1)
		}
	})
	for _, h := range due {
		h.do()
	}
}
