package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// chainer writes tasks in which each step uses what an earlier one has saved.
type chainer struct {
	*drafter
	task *draft.Task
	root *plan
}

// tasks makes the tasks of all operations: a chain for each thing that is made, one for each that is listed, and one
// task for each operation besides.
func (b *drafter) tasks() (tasks []draft.Task) {
	for _, r := range b.ordered {
		if r.create != nil && r.parent == nil && !r.create.used {
			c := chainer{b, &draft.Task{Name: tableTitle(r)}, r.create}
			c.made(r, map[*resource]string{})
			tasks = append(tasks, c.finished()...)
		}
	}
	for _, r := range b.ordered {
		if r.list != nil && !r.underMade() {
			c := chainer{b, &draft.Task{Name: tableTitle(r)}, r.list}
			c.listed(r)
			tasks = append(tasks, c.finished()...)
		}
	}
	for _, p := range b.plans {
		if !p.used {
			tasks = append(tasks, draft.Task{Steps: []draft.Step{b.single(p)}})
		}
	}
	return tasks
}

// underMade reports whether something before the resource in the path is made by a chain.
func (r *resource) underMade() bool {
	for up := r.parent; up != nil; up = up.parent {
		if up.create != nil {
			return true
		}
	}
	return false
}

// tableTitle is the name of the task about a resource.
func tableTitle(r *resource) string {
	return draft.Literal(strings.NewReplacer("{}", "*").Replace(r.collection))
}

// finished is the task, if it has steps. A task of one step needs no name.
func (c *chainer) finished() []draft.Task {
	switch len(c.task.Steps) {
	case 0:
		return nil
	case 1:
		c.task.Name = ""
	}
	return []draft.Task{*c.task}
}

// add adds the step of an operation to the task. It reports whether the operation could be written.
func (c *chainer) add(p *plan, ids map[*resource]string, as string) (s *draft.Step, ok bool) {
	step, err := c.step(p, ids)
	if err != nil {
		p.why = draft.OneLine(err.Error())
		return nil, false
	}
	p.used = true
	if p.row.As == "" {
		p.row.As = as
	}
	c.task.Steps = append(c.task.Steps, step)
	return &c.task.Steps[len(c.task.Steps)-1], true
}

// made adds the steps that make a resource, use it in every way, and delete it.
func (c *chainer) made(r *resource, ids map[*resource]string) {
	as := "in the chain of " + c.root.Path
	if r.create == c.root {
		as = "first of the chain of " + c.root.Path
	}
	s, ok := c.add(r.create, ids, as)
	if !ok {
		return
	}
	saved(s, r, false)
	ids = with(ids, r, "${"+r.name+"}")
	direct, deletes := c.direct(r)
	for _, p := range direct {
		c.use(p, r, ids)
	}
	for _, child := range c.ordered {
		if child.parent == r && child.create != nil {
			c.made(child, ids)
		}
	}
	for _, p := range deletes {
		as := "in the chain: " + r.param + " from " + r.create.Name()
		if template(p.Path) == r.key {
			as = "last of that chain"
		}
		c.add(p, ids, as)
	}
}

// with is ids and one more.
func with(ids map[*resource]string, r *resource, text string) map[*resource]string {
	ids = maps.Clone(ids)
	ids[r] = text
	return ids
}

// saved lets a step save the id of a resource.
func saved(s *draft.Step, r *resource, optional bool) {
	save, _ := s.Keys.Get("save").(draft.Map)
	var from any = r.save
	switch {
	case r.save == "":
		from = draft.Map{{Key: "header", Value: "Location"}, {Key: "match", Value: "([^/?#]+)/?$"}}
	case optional:
		from = draft.Map{{Key: "json", Value: r.save}, {Key: "optional", Value: true}}
	}
	s.Keys.Set("save", append(slices.Clone(save), draft.Entry{Key: r.name, Value: from}))
}

// rank is the order of the methods in a chain.
var rank = map[string]int{"GET": 0, "HEAD": 1, "OPTIONS": 2, "PUT": 3, "PATCH": 4, "POST": 5, "TRACE": 6}

// direct are the operations whose last id is that of the resource: those to be done at once, the item itself first, and
// those that delete, the item itself last. What makes a child comes with the child.
func (b *drafter) direct(r *resource) (uses, deletes []*plan) {
	for _, p := range b.plans {
		own := len(p.resources) > 0 && p.resources[len(p.resources)-1] == r || b.updates(p, r)
		if p.used || p.why != "" || !own || b.makes(p) {
			continue
		}
		if p.Method == "DELETE" {
			deletes = append(deletes, p)
		} else {
			uses = append(uses, p)
		}
	}
	slices.SortStableFunc(uses, func(a, b *plan) int {
		if d := rank[a.Method] - rank[b.Method]; d != 0 {
			return d
		}
		return len(a.Path) - len(b.Path)
	})
	slices.SortStableFunc(deletes, func(a, b *plan) int { return len(b.Path) - len(a.Path) })
	return uses, deletes
}

// makes reports whether an operation makes a resource of a chain.
func (b *drafter) makes(p *plan) bool {
	return slices.ContainsFunc(b.ordered, func(r *resource) bool { return r.create == p })
}

// use adds an operation on what was made. Where it lists children, their ids are saved if there are any, and they are
// read.
func (c *chainer) use(p *plan, r *resource, ids map[*resource]string) {
	s, ok := c.add(p, ids, "in the chain: "+r.param+" from "+r.create.Name())
	if !ok {
		return
	}
	for _, child := range c.ordered {
		if child.list != p || child.parent != r {
			continue
		}
		saved(s, child, true)
		c.guarded(child, with(ids, child, "${"+child.name+"}"), "in the chain: "+child.param+" from "+p.Name())
	}
}

// guarded adds the reads of a resource whose id may not be there.
func (c *chainer) guarded(r *resource, ids map[*resource]string, as string) {
	reads, _ := c.direct(r)
	for _, p := range reads {
		if !isRead(p) {
			continue
		}
		if s, ok := c.add(p, ids, as); ok {
			s.Keys.Set("if", draft.Map{{Key: r.name, Value: "exists"}})
		}
	}
}

// isRead reports whether an operation only reads.
func isRead(p *plan) bool { return slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, p.Method) }

// listed adds the list of a resource, with the lists of those before it in the path, and then what reads one.
func (c *chainer) listed(r *resource) {
	ids := map[*resource]string{}
	var lists []*resource
	for up := r; up != nil; up = up.parent {
		if up.list != nil {
			lists = append(lists, up)
		}
	}
	reads, _ := c.direct(r)
	reads = slices.DeleteFunc(reads, func(p *plan) bool { return !isRead(p) || p == r.list })
	if len(reads) == 0 {
		return
	}
	for _, up := range slices.Backward(lists) {
		s, ok := c.add(up.list, ids, "first of its task, which saves "+up.param)
		if !ok {
			c.task.Steps = nil
			return
		}
		saved(s, up, false)
		ids[up] = "${" + up.name + "}"
	}
	for _, p := range reads {
		c.add(p, ids, r.param+" from "+r.list.Name())
	}
}

// single is the step of an operation that has a task of its own. What only the user can know is data to fill in; what
// could change or delete what no step has made is a comment.
func (b *drafter) single(p *plan) draft.Step {
	s, err := b.step(p, nil)
	if err != nil {
		s = draft.Step{Row: p.row, Keys: draft.Map{{Key: "http", Value: draft.Literal(p.Method + " " + escaped(draft.Literal(p.Path), inPath))}}}
		if p.why == "" {
			p.why = draft.OneLine(err.Error())
		}
	}
	switch fills := b.fills(s); {
	case p.why != "":
	case p.Method == "DELETE":
		p.why = "it deletes, and no step makes what it deletes"
	case !isRead(p) && len(p.resources) > 0:
		p.why = "it changes what no step makes: " + params(p)
	case len(fills) > 0:
		p.row.As = "task; fill in data." + strings.Join(fills, ", data.")
	default:
		p.row.As = "task" + b.lists(s)
	}
	if p.why != "" {
		p.row.As, p.row.Off = "comment: "+p.why, true
		s.Off = p.Name() + ": " + p.why
	}
	return s
}

func params(p *plan) string {
	var names []string
	for _, r := range p.resources {
		names = append(names, r.param)
	}
	return strings.Join(names, ", ")
}

// fills are the tables of a step that have to be filled in.
func (b *drafter) fills(s draft.Step) (names []string) {
	b.eachTable(s, func(t draft.Table) {
		if len(t.Values) == 0 {
			names = append(names, t.Name)
		}
	})
	return names
}

// lists says which values of a step come from lists of the description.
func (b *drafter) lists(s draft.Step) string {
	said := ""
	b.eachTable(s, func(t draft.Table) {
		if len(t.Values) > 0 {
			said += fmt.Sprintf(", %s from its enum", t.Name)
		}
	})
	return said
}

// eachTable calls see for each table that a step uses, once.
func (b *drafter) eachTable(s draft.Step, see func(draft.Table)) {
	used := map[string]bool{}
	draft.Texts(s.Keys, func(text string) {
		for _, part := range profile.Template(text).Parts() {
			if name, _, ok := profile.DataColumn(part.Variable); ok && !used[name] {
				used[name] = true
				see(b.out.Data[b.tables[name]])
			}
		}
	})
}
