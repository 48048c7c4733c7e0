// Package githubtest is a stand-in for GitHub's REST API, for tests on machines that cannot
// reach GitHub. It keeps pull requests with their labels, events and comments, issues, commits,
// check runs and workflow runs, and it fails on demand.
//
// GitHub's own OpenAPI description validates every request and every answer. A malformed request
// is refused, and fails the test that sent it. The server also refuses what GitHub refuses: a
// missing token or user agent, a token without the permission, an empty or too long comment, more
// than 50 annotations.
//
// The server has its own clock, which advances by one minute with each change. See
// docs.github.com/rest.
package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// Token is the only token that the server accepts.
const Token = "ghs_plimsollTestToken0000000000000000000"

// begin is where a server's clock starts.
var begin = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// Request is a request that the server received.
type Request struct {
	Method, Path string // the path without /api/v3
	Status       int    // 0 for no answer
}

// Server is the stand-in, for one repository. Its methods are safe for concurrent use.
type Server struct {
	URL        string // for GITHUB_API_URL; URL + "/api/v3" is served as well, as GitHub Enterprise does
	Repository string // owner/name

	t      testing.TB
	doc    *openapi3.T
	closed chan struct{} // ends stalled requests

	mu       sync.Mutex // guards the fields below
	now      time.Time
	nextID   int64
	comments []Comment
	pulls    map[int]*pull
	commits  []commit
	issues   []Issue
	checks   []Check
	runs     []Run
	requests []Request
	faults   []Fault
	hooks    []hook
	denied   []string // parts of paths
	readOnly bool
	login    string

	noIssues, unlabelled bool
}

// New starts a server that ends with the test. A request that does not fit GitHub's description
// fails the test.
func New(t testing.TB, repository string) *Server {
	doc, err := description()
	if err != nil {
		t.Fatalf("read GitHub's API description: %v", err)
	}
	s := &Server{
		Repository: repository, t: t, doc: doc, closed: make(chan struct{}),
		now: begin, nextID: 1001, pulls: map[int]*pull{}, login: "github-actions[bot]",
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.closed)
		server.Close()
	})
	s.URL = server.URL
	return s
}

// ReadOnly removes the token's write permission.
func (s *Server) ReadOnly() { s.locked(func() { s.readOnly = true }) }

// Deny forbids the token all paths that contain this part, such as /actions/.
func (s *Server) Deny(path string) { s.locked(func() { s.denied = append(s.denied, path) }) }

// As makes the token that of a person, so GET /user answers.
func (s *Server) As(login string) { s.locked(func() { s.login = login }) }

// Requests returns the requests so far.
func (s *Server) Requests() (sent []Request) {
	s.locked(func() { sent = slices.Clone(s.requests) })
	return sent
}

func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// tick advances the clock and returns the time of a change.
func (s *Server) tick() time.Time {
	s.now = s.now.Add(time.Minute)
	return s.now
}

func (s *Server) id() int64 {
	s.nextID++
	return s.nextID - 1
}

// ServeHTTP answers as GitHub would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/api/v3"), strings.TrimPrefix(r.URL.RawPath, "/api/v3")
	s.runHooks(r)
	sent, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return // the client is gone
	}
	s.mu.Lock()
	answer, fault := s.serve(r, sent)
	s.mu.Unlock()
	if fault.Stall {
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
	}
	if fault.silent() {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client notices
}

// serve handles a request, or answers with the next fault that matches.
func (s *Server) serve(r *http.Request, sent []byte) (*httptest.ResponseRecorder, Fault) {
	found := match(s.doc, r.Method, r.URL)
	problem := fmt.Errorf("GitHub has no such operation, or the cut description lacks it")
	if found != nil {
		problem = found.checkRequest(r, sent)
	}
	if problem != nil {
		s.t.Errorf("%s %s does not fit GitHub's API: %v", r.Method, r.URL.Path, problem)
	}
	fault, faulty := s.takeFault(r)
	answer := httptest.NewRecorder()
	if !faulty || fault.After {
		s.answer(answer, r, found, sent, problem)
	}
	if faulty {
		answer = fault.answer()
	}
	if found != nil && !faulty {
		if err := found.checkAnswer(r, answer.Code, answer.Header(), answer.Body.Bytes()); err != nil {
			s.t.Errorf("githubtest: the answer to %s does not fit GitHub's description: %v", found.name(), err)
		}
	}
	one := Request{r.Method, r.URL.Path, answer.Code}
	if fault.silent() {
		one.Status = 0
	}
	s.requests = append(s.requests, one)
	return answer, fault
}

// exchange is one request and its answer.
type exchange struct {
	*route
	w      http.ResponseWriter
	r      *http.Request
	fields object // of the body
	sent   []byte
}

// operations maps each operation of the description to its method.
var operations = map[string]func(*Server, *exchange){
	"GET /user":                                                 (*Server).getUser,
	"GET /repos/{owner}/{repo}/issues":                          (*Server).listIssues,
	"POST /repos/{owner}/{repo}/issues":                         (*Server).createIssue,
	"PATCH /repos/{owner}/{repo}/issues/{issue_number}":         (*Server).editIssue,
	"GET /repos/{owner}/{repo}/issues/{issue_number}/comments":  (*Server).listComments,
	"POST /repos/{owner}/{repo}/issues/{issue_number}/comments": (*Server).createComment,
	"PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}":  (*Server).editComment,
	"DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}": (*Server).deleteComment,
	"GET /repos/{owner}/{repo}/issues/{issue_number}/events":    (*Server).listEvents,
	"GET /repos/{owner}/{repo}/pulls":                           (*Server).listPulls,
	"GET /repos/{owner}/{repo}/pulls/{pull_number}":             (*Server).getPull,
	"GET /repos/{owner}/{repo}/compare/{basehead}":              (*Server).compare,
	"GET /repos/{owner}/{repo}/commits":                         (*Server).listCommits,
	"GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls":      (*Server).listPullsOfCommit,
	"GET /repos/{owner}/{repo}/commits/{ref}/check-runs":        (*Server).listChecks,
	"POST /repos/{owner}/{repo}/check-runs":                     (*Server).createCheck,
	"PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}":     (*Server).updateCheck,
	"GET /repos/{owner}/{repo}/actions/runs":                    (*Server).listRuns,
	"GET /repos/{owner}/{repo}/actions/runs/{run_id}":           (*Server).getRun,
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, found *route, sent []byte, problem error) {
	denied := slices.ContainsFunc(s.denied, func(part string) bool { return strings.Contains(r.URL.Path, part) })
	switch {
	case r.UserAgent() == "":
		refuse(w, http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
	case r.Header.Get("Authorization") != "Bearer "+Token:
		refuse(w, http.StatusUnauthorized, "Bad credentials")
	case found == nil || found.parameters["owner"] != "" && found.parameters["owner"]+"/"+found.parameters["repo"] != s.Repository:
		refuse(w, http.StatusNotFound, "Not Found")
	case denied || r.Method != http.MethodGet && s.readOnly:
		refuse(w, http.StatusForbidden, "Resource not accessible by integration")
	case problem != nil:
		refuse(w, http.StatusUnprocessableEntity, "Invalid request.")
	default:
		operations[found.name()](s, &exchange{found, w, r, decode(sent), sent})
	}
}

func (s *Server) getUser(x *exchange) {
	if isBot(s.login) {
		refuse(x.w, http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	reply(x.w, http.StatusOK, made(s.doc, "public-user", object{"login": s.login, "type": "User", "user_view_type": "public"}))
}

func isBot(login string) bool { return strings.HasSuffix(login, "[bot]") }

// user is an account by its login.
func (s *Server) user(login string) object {
	kind := "User"
	if isBot(login) {
		kind = "Bot"
	}
	return made(s.doc, "simple-user", object{"login": login, "type": kind})
}

// decode reads a JSON object; nil for anything else.
func decode(text []byte) object {
	var fields object
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&fields); err != nil {
		return nil
	}
	return fields
}

// decodeInto reads a body that was validated.
func (x *exchange) decodeInto(value any) {
	if err := json.Unmarshal(x.sent, value); err != nil {
		panic(fmt.Sprintf("githubtest: a body that fits the description: %v", err))
	}
}

// page replies with the page that the request asks for, and links to the next one.
func page[T any](s *Server, x *exchange, list []T, wrap func([]T) any) {
	perPage, number := x.query("per_page", 30), x.query("page", 1)
	perPage = min(perPage, 100)
	from, to := min((number-1)*perPage, len(list)), min(number*perPage, len(list))
	if to < len(list) {
		next := x.r.URL.Query()
		next.Set("page", fmt.Sprint(number+1))
		x.w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.URL, x.r.URL.Path, next.Encode()))
	}
	reply(x.w, http.StatusOK, wrap(append([]T{}, list[from:to]...)))
}

// plain wraps a list in nothing.
func plain(list []object) any { return list }

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client notices
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status)})
}
