package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Issue is an issue, or a pull request as GitHub lists it among the issues.
type Issue struct {
	Number int
	Title  string
	Body   string
	Author string // a login; a bot's ends in [bot]
	Labels []string
	Closed bool
	Reason string // completed, not_planned, reopened; empty for none
	Pull   bool
}

// PutIssue adds an issue without a request, and returns its number. It gets the next number, whatever its Number says.
func (s *Server) PutIssue(i Issue) (number int) {
	s.locked(func() { number = s.putIssue(i).Number })
	return number
}

// putIssue numbers an issue: pull requests and issues share their numbers.
func (s *Server) putIssue(i Issue) *Issue {
	s.tick()
	i.Number = 1 + slices.Max(append(slices.Collect(maps.Keys(s.pulls)), 0))
	for n := range s.issues {
		i.Number = max(i.Number, s.issues[n].Number+1)
	}
	s.issues = append(s.issues, i)
	return &s.issues[len(s.issues)-1]
}

// ChangeIssue changes an issue as a person could, who may triage.
func (s *Server) ChangeIssue(number int, change func(*Issue)) {
	s.locked(func() {
		i := s.issueAt(number)
		if i == nil {
			s.t.Fatalf("githubtest: there is no issue %d", number)
		}
		change(i)
	})
}

// Issues returns the issues, the oldest first.
func (s *Server) Issues() (all []Issue) {
	s.locked(func() { all = slices.Clone(s.issues) })
	return all
}

// NoIssues switches issues off, as in the settings of the repository.
func (s *Server) NoIssues() { s.locked(func() { s.noIssues = true }) }

// Unlabelled drops the labels of new issues, as GitHub does if the token may not put any.
func (s *Server) Unlabelled() { s.locked(func() { s.unlabelled = true }) }

func (s *Server) issueAt(number int) *Issue {
	for n := range s.issues {
		if s.issues[n].Number == number {
			return &s.issues[n]
		}
	}
	return nil
}

// hasIssue reports whether there is an issue or a pull request with this number.
func (s *Server) hasIssue(number int) bool { return s.pulls[number] != nil || s.issueAt(number) != nil }

func (s *Server) listIssues(x *exchange) {
	if s.noIssues {
		refuse(x.w, http.StatusGone, "Issues has been disabled in this repository.")
		return
	}
	asked := x.r.URL.Query()
	state := asked.Get("state")
	if state == "" {
		state = "open"
	}
	var list []object
	for _, i := range slices.Backward(s.issues) {
		labelled := true
		for label := range strings.SplitSeq(asked.Get("labels"), ",") {
			labelled = labelled && (label == "" || slices.ContainsFunc(i.Labels, func(one string) bool { return strings.EqualFold(one, label) }))
		}
		if labelled && (state == "all" || (state == "closed") == i.Closed) && (asked.Get("creator") == "" || asked.Get("creator") == i.Author) {
			list = append(list, s.issue(i))
		}
	}
	page(s, x, list, plain)
}

// sentIssue is the body of a request that creates or changes an issue; nil where it says nothing.
type sentIssue struct {
	Title       *string   `json:"title"`
	Body        *string   `json:"body"`
	Labels      *[]string `json:"labels"`
	State       *string   `json:"state"`
	StateReason *string   `json:"state_reason"`
}

func (s *Server) createIssue(x *exchange) {
	var sent sentIssue
	x.decodeInto(&sent)
	if s.noIssues {
		refuse(x.w, http.StatusGone, "Issues has been disabled in this repository.")
		return
	}
	if !x.goodIssue(sent) {
		return
	}
	one := Issue{Author: s.login}
	one.take(sent)
	if s.unlabelled {
		one.Labels = nil
	}
	reply(x.w, http.StatusCreated, s.issue(*s.putIssue(one)))
}

func (s *Server) editIssue(x *exchange) {
	var sent sentIssue
	x.decodeInto(&sent)
	one := s.issueAt(x.number("issue_number"))
	switch {
	case s.noIssues:
		refuse(x.w, http.StatusGone, "Issues has been disabled in this repository.")
	case one == nil:
		refuse(x.w, http.StatusNotFound, "Not Found")
	case x.goodIssue(sent):
		one.take(sent)
		reply(x.w, http.StatusOK, s.issue(*one))
	}
}

// take applies what was sent.
func (i *Issue) take(sent sentIssue) {
	if sent.Title != nil {
		i.Title = *sent.Title
	}
	if sent.Body != nil {
		i.Body = *sent.Body
	}
	if sent.Labels != nil {
		i.Labels = *sent.Labels
	}
	if sent.State != nil {
		i.Closed, i.Reason = *sent.State == "closed", ""
	}
	if sent.StateReason != nil {
		i.Reason = *sent.StateReason
	}
}

// goodIssue reports whether the texts of an issue are allowed. If they are not, goodIssue has sent the refusal.
func (x *exchange) goodIssue(sent sentIssue) bool {
	problem := ""
	switch {
	case sent.Title != nil && strings.TrimSpace(*sent.Title) == "":
		problem = "title can't be blank"
	case sent.Title != nil && utf8.RuneCountInString(*sent.Title) > 256:
		problem = "title is too long (maximum is 256 characters)"
	case sent.Body != nil && utf8.RuneCountInString(*sent.Body) > 65_536:
		problem = "body is too long (maximum is 65536 characters)"
	default:
		return true
	}
	reply(x.w, http.StatusUnprocessableEntity, object{
		"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
		"errors": []object{{"resource": "Issue", "code": "custom", "message": problem}},
	})
	return false
}

func (s *Server) issue(i Issue) object {
	at := begin.Add(time.Duration(i.Number) * time.Minute)
	labels := []any{}
	for n, name := range i.Labels {
		labels = append(labels, object{"id": n + 1, "node_id": "", "url": "https://api.github.com/", "name": name, "description": "", "color": "ededed", "default": false})
	}
	told := object{
		"number": i.Number, "title": i.Title, "body": i.Body, "user": s.user(i.Author), "state": "open", "labels": labels, "created_at": at, "updated_at": at,
		"html_url": fmt.Sprintf("https://github.com/%s/issues/%d", s.Repository, i.Number),
	}
	if i.Closed {
		told["state"], told["closed_at"] = "closed", at
	}
	if i.Reason != "" {
		told["state_reason"] = i.Reason
	}
	if i.Pull {
		at := "https://github.com/"
		told["pull_request"] = object{"url": at, "html_url": at, "diff_url": at, "patch_url": at}
	}
	return made(s.doc, "issue", told)
}
