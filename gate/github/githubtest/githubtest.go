// Package githubtest is a stand-in for GitHub's REST API, for tests on machines that cannot
// reach it. It keeps comments as GitHub does and refuses what GitHub would refuse: a path or
// method that there is not, a missing token or user agent, a token without the right, a body
// that is empty or too long. It fails on demand. See docs.github.com/rest/issues/comments.
package githubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// Token is the one that the server knows.
const Token = "ghs_plimsollTestToken0000000000000000000"

// Comment is one comment.
type Comment struct {
	ID     int64
	Issue  int
	Author string // a login; a bot's ends in [bot]
	Body   string
}

// Request is one that the server was sent.
type Request struct {
	Method, Path string
	Status       int // 0 when the connection was cut
}

// Fault is an answer that GitHub gives instead of the right one.
type Fault struct {
	Method string // of the next request that it answers; empty for any
	Status int
	Header http.Header
	Drop   bool // no answer: the connection is cut
	After  bool // the request is done before it fails
	// Secondary says that the limit on bursts is meant, which GitHub answers with 403 too.
	Secondary bool
}

// Server is the stand-in, for one repository. Its methods are safe for concurrent use.
type Server struct {
	URL        string // for GITHUB_API_URL
	Repository string // owner/name

	mu       sync.Mutex // guards what follows
	comments []Comment
	nextID   int64
	requests []Request
	faults   []Fault
	readOnly bool
	login    string
}

// New starts a server that ends with the test.
func New(t testing.TB, repository string) *Server {
	s := &Server{Repository: repository, nextID: 1001, login: "github-actions[bot]"}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// ReadOnly takes the token's right to write.
func (s *Server) ReadOnly() { s.locked(func() { s.readOnly = true }) }

// As makes the token that of a person, who can be asked for.
func (s *Server) As(login string) { s.locked(func() { s.login = login }) }

// Fail lines up faults, each of which answers one request.
func (s *Server) Fail(faults ...Fault) { s.locked(func() { s.faults = append(s.faults, faults...) }) }

// Put writes a comment without asking.
func (s *Server) Put(c Comment) { s.locked(func() { s.put(c) }) }

func (s *Server) put(c Comment) Comment {
	c.ID = s.nextID
	s.nextID++
	s.comments = append(s.comments, c)
	return c
}

// Delete takes our comments away from an issue or pull request, as a person can.
func (s *Server) Delete(issue int) {
	s.locked(func() {
		s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.Issue == issue && c.Author == s.login })
	})
}

// Comments gives the comments of an issue or pull request, the oldest first.
func (s *Server) Comments(issue int) []Comment {
	var found []Comment
	s.locked(func() {
		for _, c := range s.comments {
			if c.Issue == issue {
				found = append(found, c)
			}
		}
	})
	return found
}

// Requests gives what was sent so far.
func (s *Server) Requests() (sent []Request) {
	s.locked(func() { sent = slices.Clone(s.requests) })
	return sent
}

func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// ServeHTTP answers as GitHub does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recorder := httptest.NewRecorder()
	fault, faulty := s.takeFault(r.Method)
	if !faulty || fault.After {
		s.answer(recorder, r)
	}
	if fault.Drop {
		s.requests = append(s.requests, Request{r.Method, r.URL.Path, 0})
		panic(http.ErrAbortHandler)
	}
	if faulty {
		recorder = fault.answer()
	}
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, recorder.Code})
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes()) // the client's to complain
}

func (s *Server) takeFault(method string) (Fault, bool) {
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.Method == "" || f.Method == method })
	if i < 0 {
		return Fault{}, false
	}
	fault := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return fault, true
}

func (f Fault) answer() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	documentation := "https://docs.github.com/rest"
	if f.Secondary {
		documentation += "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	}
	reply(w, f.Status, map[string]string{"message": "a fault that the test has asked for", "documentation_url": documentation})
	return w
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	_, known := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.UserAgent() == "":
		refuse(w, http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
	case !known || r.Header.Get("Authorization") != "Bearer "+Token:
		refuse(w, http.StatusUnauthorized, "Bad credentials")
	case r.Method != http.MethodGet && s.readOnly:
		refuse(w, http.StatusForbidden, "Resource not accessible by integration")
	default:
		s.route(w, r)
	}
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/user" {
		s.user(w)
		return
	}
	rest, ours := strings.CutPrefix(r.URL.Path, "/repos/"+s.Repository+"/issues/")
	parts := strings.Split(rest, "/")
	if !ours || len(parts) != 2 {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	issue, _ := strconv.Atoi(parts[0])
	id, _ := strconv.ParseInt(parts[1], 10, 64)
	switch {
	case issue > 0 && parts[1] == "comments" && r.Method == http.MethodGet:
		s.list(w, r, issue)
	case issue > 0 && parts[1] == "comments" && r.Method == http.MethodPost:
		s.create(w, r, issue)
	case parts[0] == "comments" && r.Method == http.MethodPatch:
		s.edit(w, r, id)
	case parts[0] == "comments" && r.Method == http.MethodDelete:
		s.remove(w, id)
	default:
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (s *Server) user(w http.ResponseWriter) {
	if isBot(s.login) {
		refuse(w, http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	reply(w, http.StatusOK, map[string]any{"login": s.login, "type": "User"})
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, issue int) {
	perPage, page := 30, 1
	if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil {
		perPage = min(n, 100)
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		page = n
	}
	var found []map[string]any
	for _, c := range s.comments {
		if c.Issue == issue {
			found = append(found, s.json(c))
		}
	}
	from, to := min((page-1)*perPage, len(found)), min(page*perPage, len(found))
	if to < len(found) {
		next := r.URL.Query()
		next.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.URL, r.URL.Path, next.Encode()))
	}
	reply(w, http.StatusOK, append([]map[string]any{}, found[from:to]...))
}

func (s *Server) create(w http.ResponseWriter, r *http.Request, issue int) {
	if body, ok := readBody(w, r); ok {
		reply(w, http.StatusCreated, s.json(s.put(Comment{Issue: issue, Author: s.login, Body: body})))
	}
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request, id int64) {
	i := slices.IndexFunc(s.comments, func(c Comment) bool { return c.ID == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	if body, ok := readBody(w, r); ok {
		s.comments[i].Body = body
		reply(w, http.StatusOK, s.json(s.comments[i]))
	}
}

func (s *Server) remove(w http.ResponseWriter, id int64) {
	before := len(s.comments)
	s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.ID == id })
	if len(s.comments) == before {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readBody reads the body of a comment; when it cannot stand, it has answered.
func readBody(w http.ResponseWriter, r *http.Request) (string, bool) {
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var sent struct {
		Body *string `json:"body"`
	}
	switch {
	case err != nil || json.Unmarshal(text, &sent) != nil:
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
	case sent.Body == nil || strings.TrimSpace(*sent.Body) == "":
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed: body can't be blank")
	case utf8.RuneCountInString(*sent.Body) > 65_536:
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed: body is too long (maximum is 65536 characters)")
	default:
		return *sent.Body, true
	}
	return "", false
}

func isBot(login string) bool { return strings.HasSuffix(login, "[bot]") }

func (s *Server) json(c Comment) map[string]any {
	kind := "User"
	if isBot(c.Author) {
		kind = "Bot"
	}
	return map[string]any{
		"id": c.ID, "body": c.Body, "user": map[string]any{"login": c.Author, "type": kind},
		"html_url":   fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", s.Repository, c.Issue, c.ID),
		"created_at": time.Unix(c.ID, 0).UTC(), "updated_at": time.Unix(c.ID, 0).UTC(),
	}
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client's to complain
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest"})
}
