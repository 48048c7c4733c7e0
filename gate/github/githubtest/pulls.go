package githubtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Pull is a pull request as it was opened.
type Pull struct {
	Number         int
	Title          string
	Head           string // the branch
	HeadSHA        string
	HeadRepository string // empty for the server's repository
	Base           string // a branch; empty for main
	BaseSHA        string
}

// pull is the present state of a pull request.
type pull struct {
	Pull
	labels   []string
	events   []event
	openedAt time.Time
	closedAt time.Time // zero while it is open
	mergedAt time.Time
	mergeSHA string
}

// event is one event of a pull request.
type event struct {
	id     int64
	name   string
	actor  string
	at     time.Time
	label  string
	commit string
}

// Pull opens a pull request, or changes an open one without an event.
func (s *Server) Pull(p Pull) {
	s.locked(func() {
		p.HeadRepository, p.Base = cmp.Or(p.HeadRepository, s.Repository), cmp.Or(p.Base, "main")
		if s.pulls[p.Number] == nil {
			s.pulls[p.Number] = &pull{openedAt: s.tick()}
		}
		s.pulls[p.Number].Pull = p
	})
}

// Label adds a label to a pull request and returns the time.
func (s *Server) Label(number int, name, by string) time.Time {
	return s.happen(number, event{name: "labeled", actor: by, label: name}, func(p *pull) { p.labels = append(p.labels, name) })
}

// Unlabel removes a label.
func (s *Server) Unlabel(number int, name, by string) {
	s.happen(number, event{name: "unlabeled", actor: by, label: name}, func(p *pull) {
		p.labels = slices.DeleteFunc(p.labels, func(one string) bool { return one == name })
	})
}

// Push adds a commit to a pull request, which becomes its head. GitHub keeps no event of that.
func (s *Server) Push(number int, sha string) {
	s.locked(func() {
		s.tick()
		s.pulls[number].HeadSHA = sha
	})
}

// ForcePush replaces a pull request's head.
func (s *Server) ForcePush(number int, sha string) {
	s.happen(number, event{name: "head_ref_force_pushed", actor: "somebody", commit: sha}, func(p *pull) { p.HeadSHA = sha })
}

// Retarget changes a pull request's base branch.
func (s *Server) Retarget(number int, base string) {
	s.happen(number, event{name: "base_ref_changed", actor: "somebody"}, func(p *pull) { p.Base = base })
}

// Close closes a pull request without merging it.
func (s *Server) Close(number int) {
	s.happen(number, event{name: "closed", actor: "somebody"}, func(p *pull) { p.closedAt = s.now })
}

// Reopen reopens a closed pull request with the present head of its branch.
func (s *Server) Reopen(number int, sha string) {
	s.happen(number, event{name: "reopened", actor: "somebody"}, func(p *pull) { p.closedAt, p.HeadSHA = time.Time{}, sha })
}

// Merge merges a pull request as commit sha.
func (s *Server) Merge(number int, sha string) {
	s.happen(number, event{name: "merged", actor: "somebody", commit: sha}, func(p *pull) { p.closedAt, p.mergedAt, p.mergeSHA = s.now, s.now, sha })
}

// happen changes a pull request and records the event.
func (s *Server) happen(number int, e event, change func(*pull)) time.Time {
	s.locked(func() {
		p := s.pulls[number]
		if p == nil {
			s.t.Fatalf("githubtest: there is no pull request %d: open it with Pull", number)
		}
		e.id, e.at = s.id(), s.tick()
		change(p)
		p.events = append(p.events, e)
	})
	return e.at
}

func (s *Server) listPulls(x *exchange) {
	asked := x.r.URL.Query()
	state, head, base := cmp.Or(asked.Get("state"), "open"), asked.Get("head"), asked.Get("base")
	var list []object
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(s.pulls))) {
		p := s.pulls[number]
		owner, _, _ := strings.Cut(p.HeadRepository, "/")
		switch {
		case state != "all" && (state == "closed") == p.closedAt.IsZero():
		case head != "" && head != owner+":"+p.Head:
		case base != "" && base != p.Base:
		default:
			list = append(list, s.pull("pull-request-simple", p))
		}
	}
	page(s, x, list, plain)
}

func (s *Server) getPull(x *exchange) {
	p := s.pulls[x.number("pull_number")]
	if p == nil {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	reply(x.w, http.StatusOK, s.pull("pull-request", p))
}

func (s *Server) listPullsOfCommit(x *exchange) {
	var list []object
	for _, number := range slices.Sorted(maps.Keys(s.pulls)) {
		if p, sha := s.pulls[number], x.parameters["commit_sha"]; p.mergeSHA == sha || p.HeadSHA == sha {
			list = append(list, s.pull("pull-request-simple", p))
		}
	}
	page(s, x, list, plain)
}

func (s *Server) listEvents(x *exchange) {
	p := s.pulls[x.number("issue_number")]
	if p == nil {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	var list []object
	for _, e := range p.events {
		schema, told := "moved-column-in-project-issue-event", object{} // it has the fields that all events share
		if e.label != "" {
			schema, told = "labeled-issue-event", object{"label": object{"name": e.label, "color": "ededed"}}
		}
		maps.Copy(told, object{"id": e.id, "event": e.name, "actor": s.user(e.actor), "created_at": e.at})
		if e.commit != "" {
			told["commit_id"] = e.commit
		}
		list = append(list, made(s.doc, schema, told))
	}
	page(s, x, list, plain)
}

func (s *Server) pull(schema string, p *pull) object {
	told := object{
		"number": p.Number, "title": p.Title, "state": "open", "user": s.user("somebody"), "created_at": p.openedAt, "updated_at": p.openedAt,
		"html_url": fmt.Sprintf("https://github.com/%s/pull/%d", s.Repository, p.Number),
		"head":     s.side(p.Head, p.HeadSHA, p.HeadRepository),
		"base":     s.side(p.Base, p.BaseSHA, s.Repository),
	}
	labels := []object{}
	for i, name := range p.labels {
		labels = append(labels, object{"id": i + 1, "node_id": "", "url": "", "name": name, "description": "", "color": "ededed", "default": false})
	}
	told["labels"] = labels
	if !p.closedAt.IsZero() {
		told["state"], told["closed_at"] = "closed", p.closedAt
	}
	if !p.mergedAt.IsZero() {
		told["merged_at"] = p.mergedAt
	}
	if p.mergeSHA != "" {
		told["merge_commit_sha"] = p.mergeSHA
	}
	if schema == "pull-request" {
		told["merged"] = !p.mergedAt.IsZero()
	}
	return made(s.doc, schema, told)
}

// side is the head or the base of a pull request.
func (s *Server) side(branch, sha, repository string) object {
	owner, name, _ := strings.Cut(repository, "/")
	return object{
		"ref": branch, "sha": sha, "label": owner + ":" + branch, "user": s.user(owner),
		"repo": object{"name": name, "full_name": repository, "owner": s.user(owner)},
	}
}
