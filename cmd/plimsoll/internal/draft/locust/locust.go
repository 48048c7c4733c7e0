// Package locust drafts a profile from a locustfile.
//
// Draft parses the Python (draft/python), follows it without running it (draft/script), and takes the classes that
// inherit from HttpUser or FastHttpUser: host, weight, fixed_count, wait_time, on_start, on_stop, tasks with their
// weights and tags, TaskSets among them. Calls of self.client become steps. A LoadTestShape with stages becomes the
// stages of the load. What is not understood becomes a note with its line.
package locust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// userClasses are the classes of Locust whose users make HTTP requests.
var userClasses = []string{"HttpUser", "FastHttpUser", "HttpLocust", "FastHttpLocust", "ContribFastHttpUser"}

// Draft drafts a profile from a locustfile.
func Draft(in draft.Input) (*draft.Draft, error) {
	body, passedOver, err := python.Parse(in.Name, string(in.Data))
	if err != nil {
		return nil, err
	}
	l := &library{in: in}
	m := script.New(l, false)
	l.notes(m, passedOver)
	m.Guarded(func() { m.Module(in.Name, body) })
	r := &reader{library: l, m: m}
	users := r.userClasses()
	if len(users) == 0 {
		return nil, fmt.Errorf("%s has no class that inherits from HttpUser or FastHttpUser: is it a locustfile?", in.Name)
	}
	program := &script.Program{}
	host := ""
	for _, c := range users {
		m.Guarded(func() { program.Users = append(program.Users, r.user(c)...) })
		if text, _ := stringField(m, c, "host"); host == "" {
			host = text
		}
	}
	l.notes(m, l.late)
	host = strings.TrimSuffix(host, "/")
	if host != "" && !strings.Contains(host, "://") {
		host = "http://" + host
	}
	address, path := splitHost(host)
	load := r.shape()
	d := m.Draft(program, in, address)
	if d.Path = path; strings.ContainsAny(path, "?# $\r\n\t") || d.URL == "" {
		d.Path = ""
	}
	d.Target = append(d.Target, draft.Entry{Key: "redirects", Value: 10, Beside: "Python's requests follows them too"})
	if l.insecure && strings.HasPrefix(d.URL, "https") {
		d.Target = append(d.Target, draft.Entry{Key: "tls", Value: draft.Map{{Key: "insecure", Value: true}}})
	}
	d.Load = load
	fitFixed(d)
	d.Title = script.Title(in.Name, d)
	return d, nil
}

// splitHost cuts an address into scheme with host, and the path that all requests begin with.
func splitHost(host string) (address, path string) {
	scheme, rest, ok := strings.Cut(host, "://")
	if !ok {
		return host, ""
	}
	name, below, hasPath := strings.Cut(rest, "/")
	if !hasPath || below == "" {
		return scheme + "://" + name, ""
	}
	return scheme + "://" + name, "/" + strings.TrimSuffix(below, "/")
}

// reader finds users and tasks in a program that was followed.
type reader struct {
	*library
	m *script.Machine
}

// userClasses are the users' classes, in the order of the file. One that others inherit from, and that has no task, is
// none; nor is an abstract one.
func (r *reader) userClasses() (users []*script.ClassOf) {
	seen := map[*script.ClassOf]bool{}
	for _, v := range r.m.Globals() {
		c, is := v.(*script.ClassOf)
		if !is || seen[c] {
			continue
		}
		if !c.Inherits(userClasses...) {
			if seen[c] = true; c.Inherits("User", "Locust") && len(r.tasksOf(c)) > 0 {
				r.m.Note(c.At, "the users of %s have a client of their own, which is not read, and they are left out", c.Name)
			}
			continue
		}
		seen[c] = true
		if abstract, own := c.Fields.Get("abstract"); own && abstract == true {
			continue
		}
		if len(r.tasksOf(c)) > 0 {
			users = append(users, c)
		}
	}
	slices.SortFunc(users, func(a, b *script.ClassOf) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return users
}
