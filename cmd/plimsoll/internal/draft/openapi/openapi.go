// Package openapi drafts a profile from an OpenAPI description: a request for each operation, with values made from
// the schemas, in chains where one operation makes what another one needs.
//
// A value is the example, the default, the const or the enum of its schema if that fits the schema, and otherwise made
// from format, pattern, bounds and type. Required properties are filled in, and optional ones that have an example;
// what is readOnly is not sent. Of alternatives (oneOf, anyOf) the first is taken that ends: a schema that requires
// itself does not.
//
// An id in a path comes from the POST that makes the thing and answers with its id, else from the GET that lists such
// things, else from the description; what is left is data for the user to fill in. Nothing deletes or changes what no
// earlier step of the same task has made: such operations, and deprecated ones, become comments.
package openapi

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

var _ draft.Source = Draft

// Draft drafts a profile.
func Draft(in draft.Input) (*draft.Draft, error) {
	b, err := begin(in)
	if err != nil {
		return nil, err
	}
	b.write()
	b.finish()
	return b.out, nil
}

// begin reads the description, and finds out how its operations depend on each other.
func begin(in draft.Input) (*drafter, error) {
	d, err := api.Load(in.Name, in.Data, in.Open)
	if err != nil {
		return nil, err
	}
	b := &drafter{in: in, d: d, out: &draft.Draft{}, resources: map[string]*resource{}, tables: map[string]int{}}
	if err := b.plan(); err != nil {
		return nil, err
	}
	b.out.Title = fmt.Sprintf("%s: %s (%s), %s", d.File, draft.OneLine(strings.TrimSpace(d.Title+" "+d.Version)), d.Format, counted(len(b.plans)))
	if len(d.Operations) == 0 {
		return nil, strict.Problems{{File: in.Name, Line: 1, Column: 1, Text: "it describes no operation: its paths are empty, and callbacks and webhooks are requests that the system itself makes"}}
	}
	for _, doubt := range d.Doubts() {
		b.out.Notes = append(b.out.Notes, draft.Note{File: doubt.File, Line: doubt.Line, Column: doubt.Column, Text: doubt.Text})
	}
	b.base()
	if err := b.secure(); err != nil {
		return nil, err
	}
	b.connect()
	return b, nil
}

func counted(n int) string {
	if n == 1 {
		return "1 operation"
	}
	return fmt.Sprintf("%d operations", n)
}

// write writes the steps.
func (b *drafter) write() {
	user := draft.User{Name: "visitor", Keys: draft.Map{{Key: "wait", Value: "50ms..150ms"}}, Tasks: b.tasks()}
	slices.SortStableFunc(user.Tasks, func(a, b draft.Task) int { return order(a) - order(b) })
	b.out.Users = []draft.User{user}
}

// order puts what is done before what is a comment.
func order(t draft.Task) int {
	if t.IsOff() {
		return 1
	}
	return 0
}

// maxOperations is more than fit into a profile of 1 MiB.
const maxOperations = 5_000

// plan lists the operations that are wanted, with their parameters. All $refs that lead nowhere are reported at once.
func (b *drafter) plan() error {
	var problems strict.Problems
	for _, o := range b.d.Operations {
		if b.in.Keeps != nil && !b.in.Keeps(o.Name(), o.Tags...) {
			continue
		}
		if len(b.plans) == maxOperations {
			return o.Problem("a profile can be drafted of at most %d operations, and this is one more: choose some with --only or --skip", maxOperations)
		}
		p := &plan{Operation: o, row: &draft.Row{Operation: o.Name()}}
		if err := b.check(p); err != nil {
			var more strict.Problems
			if !errors.As(err, &more) {
				return err
			}
			for _, problem := range more {
				if !slices.Contains(problems, problem) && len(problems) < 100 {
					problems = append(problems, problem)
				}
			}
			continue
		}
		switch {
		case o.Deprecated:
			p.why = "deprecated"
		case o.Server != nil && o.Server.Host != "" && b.d.Server != nil && o.Server.Host != b.d.Server.Host:
			p.why = "another server answers it: " + o.Server.Host
		}
		b.plans = append(b.plans, p)
		b.out.Rows = append(b.out.Rows, p.row)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	for _, p := range b.plans {
		p.resources = b.resourcesOf(p)
	}
	return nil
}

// check reads what an operation needs, and finds the $refs in it that lead nowhere.
func (b *drafter) check(p *plan) (err error) {
	if p.parameters, err = p.Parameters(); err != nil {
		return err
	}
	m := b.maker()
	m.fill = func(string, string) string { return "" }
	for _, q := range p.parameters {
		if _, err := m.shapeOf(q.Schema); err != nil {
			return err
		}
	}
	bodies, err := p.Bodies()
	if err != nil {
		return err
	}
	for _, of := range bodies {
		if of.Schema == nil {
			continue
		}
		if _, err := m.value("body", of.Schema); isProblem(err) {
			return err
		}
	}
	answers, err := p.Answers()
	if err != nil {
		return err
	}
	for _, a := range answers {
		for _, of := range a.Bodies {
			if _, err := m.shapeOf(of.Schema); isProblem(err) {
				return err
			}
		}
	}
	return nil
}

// isProblem reports whether an error is about the file itself.
func isProblem(err error) bool {
	return errors.As(err, new(strict.Problems))
}

// base takes the address and the base path of the first server. If an operation has a base path of its own, all steps
// carry theirs.
func (b *drafter) base() {
	of := func(u *url.URL) string {
		if u == nil {
			return ""
		}
		return strings.TrimSuffix(u.EscapedPath(), "/")
	}
	if s := b.d.Server; s != nil && s.Host != "" {
		b.out.URL = s.Scheme + "://" + s.Host
	}
	b.out.Path = of(b.d.Server)
	mixed := slices.ContainsFunc(b.plans, func(p *plan) bool { return p.why == "" && p.Server != nil && of(p.Server) != b.out.Path })
	if !mixed {
		return
	}
	for _, p := range b.plans {
		if p.base = b.out.Path; p.Server != nil {
			p.base = of(p.Server)
		}
	}
	b.out.Path = ""
}

// finish fills in what all requests share.
func (b *drafter) finish() {
	for _, h := range b.shared {
		b.out.Headers.Set(h.name, h.value)
	}
	for _, p := range b.plans {
		if b.goodSchema(p) != nil {
			b.out.Headers.Set("Accept", "application/json, */*;q=0.5") // answers that steps read are JSON
			break
		}
	}
	b.out.Env = b.variables()
	if b.upload {
		b.out.Files = []draft.File{{Path: uploadName, Content: uploadContent()}}
	}
}

// isReserved reports whether a name means something else in a profile.
func isReserved(name string) bool {
	_, isGenerator, _ := profile.ParseGenerator(name)
	return isGenerator || name == profile.PortVariable || name == profile.SideVariable
}
