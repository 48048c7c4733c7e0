package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Comment is a comment on an issue or pull request.
type Comment struct {
	ID     int64
	Issue  int
	Author string // a login; a bot's ends in [bot]
	Body   string
}

// Put adds a comment without a request. It gets the next ID, whatever its ID field says.
func (s *Server) Put(c Comment) { s.locked(func() { s.put(c) }) }

func (s *Server) put(c Comment) Comment {
	c.ID = s.id()
	s.comments = append(s.comments, c)
	return c
}

// Delete deletes our comments on an issue or pull request, as a person could.
func (s *Server) Delete(issue int) {
	s.locked(func() {
		s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.Issue == issue && c.Author == s.login })
	})
}

// Comments returns the comments on an issue or pull request, the oldest first.
func (s *Server) Comments(issue int) (found []Comment) {
	s.locked(func() { found = s.commentsOf(issue) })
	return found
}

func (s *Server) commentsOf(issue int) (found []Comment) {
	for _, c := range s.comments {
		if c.Issue == issue {
			found = append(found, c)
		}
	}
	return found
}

func (s *Server) listComments(x *exchange) {
	number := x.number("issue_number")
	if !s.hasIssue(number) {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	var list []object
	for _, c := range s.commentsOf(number) {
		list = append(list, s.comment(c))
	}
	page(s, x, list, plain)
}

func (s *Server) createComment(x *exchange) {
	switch number := x.number("issue_number"); {
	case !s.hasIssue(number):
		refuse(x.w, http.StatusNotFound, "Not Found")
	case x.goodBody():
		reply(x.w, http.StatusCreated, s.comment(s.put(Comment{Issue: number, Author: s.login, Body: x.fields["body"].(string)})))
	}
}

func (s *Server) editComment(x *exchange) {
	switch i := s.commentByID(x); {
	case i < 0:
		refuse(x.w, http.StatusNotFound, "Not Found")
	case x.goodBody():
		s.comments[i].Body = x.fields["body"].(string)
		reply(x.w, http.StatusOK, s.comment(s.comments[i]))
	}
}

func (s *Server) deleteComment(x *exchange) {
	i := s.commentByID(x)
	if i < 0 {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	s.comments = slices.Delete(s.comments, i, i+1)
	x.w.WriteHeader(http.StatusNoContent)
}

func (s *Server) commentByID(x *exchange) int {
	return slices.IndexFunc(s.comments, func(c Comment) bool { return c.ID == int64(x.number("comment_id")) })
}

// goodBody reports whether a comment's text is allowed. If it is not, goodBody has sent the refusal.
func (x *exchange) goodBody() bool {
	body, _ := x.fields["body"].(string)
	problem := ""
	switch {
	case strings.TrimSpace(body) == "":
		problem = "Body cannot be blank"
	case utf8.RuneCountInString(body) > 65_536:
		problem = "Body is too long (maximum is 65536 characters)"
	default:
		return true
	}
	reply(x.w, http.StatusUnprocessableEntity, object{
		"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
		"errors": []object{{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": problem}},
	})
	return false
}

func (s *Server) comment(c Comment) object {
	at := begin.Add(time.Duration(c.ID) * time.Second)
	return made(s.doc, "issue-comment", object{
		"id": c.ID, "body": c.Body, "user": s.user(c.Author), "created_at": at, "updated_at": at,
		"html_url": fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", s.Repository, c.Issue, c.ID),
	})
}

// number reads a numeric parameter of the path.
func (x *exchange) number(name string) int {
	n, err := strconv.Atoi(x.parameters[name])
	if err != nil {
		panic(fmt.Sprintf("githubtest: a path that fits the description: %v", err))
	}
	return n
}

// query reads a numeric parameter of the query.
func (x *exchange) query(name string, otherwise int) int {
	if n, err := strconv.Atoi(x.r.URL.Query().Get(name)); err == nil {
		return n
	}
	return otherwise
}
