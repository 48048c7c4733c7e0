// Package githubtest is a stand-in for GitHub's REST API, for tests on machines that cannot
// reach it. It keeps pull requests with their labels, events and comments, commits, check runs
// and workflow runs as GitHub does, and it fails on demand.
//
// Every request is held against GitHub's own OpenAPI description, and so is every answer: a
// request that GitHub would refuse for its shape is refused, and fails the test that made it.
// Beyond its shape a request is refused for what GitHub refuses: a missing token or user agent,
// a token without the right, a comment that is empty or too long, more annotations than 50.
//
// Time is the server's own: it goes on by one minute with each change. See docs.github.com/rest.
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

// Token is the one that the server knows.
const Token = "ghs_plimsollTestToken0000000000000000000"

// begin is when a server's time begins.
var begin = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// Request is one that the server was sent.
type Request struct {
	Method, Path string // the path without /api/v3
	Status       int    // 0 when there was no answer
}

// Server is the stand-in, for one repository. Its methods are safe for concurrent use.
type Server struct {
	URL        string // for GITHUB_API_URL; URL + "/api/v3" is served as well, as GitHub Enterprise does
	Repository string // owner/name

	t      testing.TB
	doc    *openapi3.T
	closed chan struct{} // ends what stalls

	mu       sync.Mutex // guards what follows
	now      time.Time
	nextID   int64
	comments []Comment
	pulls    map[int]*pull
	commits  []commit
	checks   []Check
	runs     []Run
	requests []Request
	faults   []Fault
	hooks    []hook
	denied   []string // parts of paths
	readOnly bool
	login    string
}

// New starts a server that ends with the test, and fails it for requests that GitHub's
// description does not have.
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

// ReadOnly takes the token's right to write.
func (s *Server) ReadOnly() { s.locked(func() { s.readOnly = true }) }

// Deny takes the token's right to whatever has this in its path, such as /actions/.
func (s *Server) Deny(path string) { s.locked(func() { s.denied = append(s.denied, path) }) }

// As makes the token that of a person, who can be asked for.
func (s *Server) As(login string) { s.locked(func() { s.login = login }) }

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

// tick is the instant of a change.
func (s *Server) tick() time.Time {
	s.now = s.now.Add(time.Minute)
	return s.now
}

func (s *Server) id() int64 {
	s.nextID++
	return s.nextID - 1
}

// ServeHTTP answers as GitHub does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/api/v3"), strings.TrimPrefix(r.URL.RawPath, "/api/v3")
	s.runHooks(r)
	sent, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return // the client has gone
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
	_, _ = w.Write(answer.Body.Bytes()) // the client's to complain
}

// serve does a request, or fails as the next fault says.
func (s *Server) serve(r *http.Request, sent []byte) (*httptest.ResponseRecorder, Fault) {
	found := match(s.doc, r.Method, r.URL)
	problem := fmt.Errorf("GitHub has no such operation, or none that is in the description's cut")
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
			s.t.Errorf("githubtest: what it answers to %s is not what GitHub would: %v", found.name(), err)
		}
	}
	one := Request{r.Method, r.URL.Path, answer.Code}
	if fault.silent() {
		one.Status = 0
	}
	s.requests = append(s.requests, one)
	return answer, fault
}

// exchange is one request and the answer to it.
type exchange struct {
	*route
	w      http.ResponseWriter
	r      *http.Request
	fields object // of the body
	sent   []byte
}

// operations are what the server does for each one that the description has.
var operations = map[string]func(*Server, *exchange){
	"GET /user": (*Server).getUser,
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

// decode reads an object; what is none has no fields.
func decode(text []byte) object {
	var fields object
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&fields); err != nil {
		return nil
	}
	return fields
}

// decodeInto reads what the description has found to fit.
func (x *exchange) decodeInto(value any) {
	if err := json.Unmarshal(x.sent, value); err != nil {
		panic(fmt.Sprintf("githubtest: a body that fits the description: %v", err))
	}
}

// page replies with that part of a list which is asked for, and says where the next one is.
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

// plain is a list that is nothing but the list.
func plain(list []object) any { return list }

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client's to complain
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status)})
}
