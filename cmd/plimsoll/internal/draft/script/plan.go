package script

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Scenario is one kind of user and its tasks.
type Scenario struct {
	Name    string
	Above   string // a comment
	Keys    draft.Map
	OnStart []*Step
	Tasks   []*Task
	OnStop  []*Step
}

// Task is what a user does in one go.
type Task struct {
	At
	Name   string
	Weight int
	Tags   []string
	Steps  []*Step
}

// Program is all that a script does.
type Program struct {
	Setup, Teardown []*Step
	Users           []*Scenario
}

// planner finds out which values a task has when, and which steps can therefore be written.
type planner struct {
	m     *Machine
	owner map[*Step]*list
	lists []*list
}

// list is one list of steps of a profile. What the lists above it save, it has from the start.
type list struct {
	steps []*Step
	above []*list
	name  string
	user  *Scenario
	taken map[string]bool
}

// certainty of a variable.
type certainty uint8

const (
	perhaps certainty = iota + 1
	certain
)

// settle names what is saved, and turns off the steps that need what they cannot have.
func (m *Machine) settle(p *Program) {
	pl := &planner{m: m, owner: map[*Step]*list{}}
	setup := pl.add(&list{steps: p.Setup, name: "setup"})
	type tasks struct {
		start, stop *list
		lists       []*list
	}
	users := make([]tasks, len(p.Users))
	for i, u := range p.Users {
		users[i].start = pl.add(&list{steps: u.OnStart, name: "on_start", above: []*list{setup}, user: u})
		for _, t := range u.Tasks {
			users[i].lists = append(users[i].lists, pl.add(&list{steps: t.Steps, name: t.Name, above: []*list{setup, users[i].start}, user: u}))
		}
		users[i].stop = pl.add(&list{steps: u.OnStop, name: "on_stop", above: []*list{setup, users[i].start}, user: u})
	}
	teardown := pl.add(&list{steps: p.Teardown, name: "teardown", above: []*list{setup}})
	for _, l := range pl.lists {
		each(l.steps, func(s *Step) {
			for _, t := range s.If {
				m.countItems(t)
			}
		})
	}
	pl.name()
	have := map[string]certainty{}
	p.Setup = pl.place(setup, setup.steps, have, nil)
	for i, u := range p.Users {
		lasting := clone(have)
		u.OnStart = pl.place(users[i].start, u.OnStart, lasting, nil)
		for j, t := range u.Tasks {
			t.Steps = pl.place(users[i].lists[j], t.Steps, clone(lasting), nil)
		}
		u.OnStop = pl.place(users[i].stop, u.OnStop, clone(lasting), nil)
	}
	p.Teardown = pl.place(teardown, p.Teardown, have, nil)
	m.drawnTwice(pl)
}

func clone(m map[string]certainty) map[string]certainty {
	c := map[string]certainty{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func (pl *planner) add(l *list) *list {
	l.taken = map[string]bool{}
	pl.lists = append(pl.lists, l)
	each(l.steps, func(s *Step) { pl.owner[s] = l })
	return l
}

// each calls do for each step, and those in groups.
func each(steps []*Step, do func(*Step)) {
	for _, s := range steps {
		do(s)
		each(s.Steps, do)
	}
}

// name makes a save for each part of an answer that something uses, in the order of the lists.
func (pl *planner) name() {
	used := map[*Step][]*Part{}
	for _, l := range pl.lists {
		each(l.steps, func(s *Step) {
			for _, p := range s.needs() {
				of := p.Of.real()
				used[of] = append(used[of], p)
			}
		})
	}
	for _, l := range pl.lists {
		each(l.steps, func(s *Step) {
			for _, p := range used[s] {
				if p.wrong() == "" && s.saved(p) == nil {
					s.Saves = append(s.Saves, &Save{Name: pl.free(l, p), Part: p})
				}
			}
		})
	}
}

// saved is the save of a part, nil for none.
func (s *Step) saved(p *Part) *Save {
	for _, save := range s.Saves {
		if save.Part.Kind == p.Kind && save.Part.Path == p.Path && save.Part.Match == p.Match {
			return save
		}
	}
	return nil
}

// save is the save that keeps a part.
func (p *Part) save() *Save { return p.Of.real().saved(p) }

// free is a name for what is saved.
func (pl *planner) free(l *list, p *Part) string {
	name := cmp.Or(plainName(p.Hint), plainName(lastOf(p.Path)), "found")
	if _, isGenerator, _ := profile.ParseGenerator(name); isGenerator || name == "port" || name == "side" {
		name += "_value"
	}
	taken := func(name string) bool {
		return l.taken[name] || slices.ContainsFunc(l.above, func(above *list) bool { return above.taken[name] }) ||
			slices.ContainsFunc(pl.lists, func(below *list) bool { return slices.Contains(below.above, l) && below.taken[name] })
	}
	candidate := name
	for i := 2; taken(candidate); i++ {
		candidate = fmt.Sprintf("%s_%d", name, i)
	}
	l.taken[candidate] = true
	return candidate
}

// lastOf is the last key of a path; of a path that ends in an index, the key before with the index left out.
func lastOf(path string) string {
	parts := strings.Split(path, ".")
	for _, part := range slices.Backward(parts) {
		if plainName(part) != "" && strings.Trim(part, "0123456789#") != "" {
			return part
		}
	}
	return ""
}

// needs are the parts of answers that a step uses, its conditions among them.
func (s *Step) needs() (parts []*Part) {
	for _, v := range []Value{s.URL, s.Headers, s.Body, s.Extra} {
		collect(v, func(v Value) {
			if p, is := v.(*Part); is {
				parts = append(parts, p)
			}
		})
	}
	for _, t := range s.If {
		if p, is := t.Of.(*Part); is {
			parts = append(parts, p)
		}
	}
	return parts
}

// place goes through steps in order, and returns them with those in front that a step needs from another task.
func (pl *planner) place(l *list, steps []*Step, have map[string]certainty, guards []string) (placed []*Step) {
	for _, s := range steps {
		before := clone(have)
		guarded := guards
		s.If = slices.DeleteFunc(s.If, func(t *Test) bool { return pl.settleTest(s, t, have, &guarded) })
		if s.Off == "" && len(s.Steps) == 0 {
			placed = append(placed, pl.supply(l, s, have, guarded)...)
		}
		s.Steps = pl.place(l, s.Steps, have, guarded)
		if len(s.Steps) > 0 && !slices.ContainsFunc(s.Steps, func(inner *Step) bool { return inner.Off == "" }) {
			s.Off = "none of its steps can be written"
		}
		placed = append(placed, s)
		if s.Off != "" {
			continue
		}
		for _, save := range s.Saves {
			have[save.Name] = certain
			if save.Optional {
				have[save.Name] = perhaps
			}
		}
		if len(s.If) > 0 || strings.HasPrefix(s.Repeat, "0..") {
			for name := range have {
				if before[name] != certain {
					have[name] = perhaps
				}
			}
		}
	}
	return placed
}

// settleTest reports whether to drop a condition of a step. If a profile cannot express the condition, the step is
// turned off.
func (pl *planner) settleTest(s *Step, t *Test, have map[string]certainty, guards *[]string) (drop bool) {
	part, is := t.Of.(*Part)
	if !is {
		return false
	}
	save := part.save()
	switch {
	case t.Op == "missing" || t.Op == "empty" || t.Op == "contains" || t.Op == "lacks" || t.Op == "not in" || t.Op == "in":
		if t.Op == "missing" || t.Op == "empty" {
			s.Off = "it is for the case that an answer has no " + lastOf(part.Path) + ", which a profile cannot ask"
		}
		return true
	case save == nil || have[save.Name] == 0:
		s.Off = "its condition asks about an answer that is not there in this task"
		return true
	}
	if t.Op == "exists" || t.Op == "filled" {
		owner := pl.owner[part.Of.real()]
		if have[save.Name] == certain && (owner == nil || owner.name == "on_start" || owner.name == "setup" || pl.neededElsewhere(s, part)) {
			return true // it is there, or its request has failed
		}
		save.Optional = true
		have[save.Name] = perhaps
	}
	*guards = append(slices.Clone(*guards), save.Name)
	return false
}

// neededElsewhere reports whether a step outside of a group uses a part.
func (pl *planner) neededElsewhere(group *Step, part *Part) bool {
	inside := map[*Step]bool{}
	each([]*Step{group}, func(s *Step) { inside[s] = true })
	found := false
	for _, l := range pl.lists {
		each(l.steps, func(s *Step) {
			if inside[s] {
				return
			}
			for _, p := range s.needs() {
				same := p.Of.real() == part.Of.real() && p.Kind == part.Kind && p.Path == part.Path && p.Match == part.Match
				asks := slices.ContainsFunc(s.If, func(t *Test) bool { return t.Of == Value(p) })
				found = found || same && !asks
			}
		})
	}
	return found
}

// supply makes sure that a step has what it needs: by steps in front that get it, or it is off.
func (pl *planner) supply(l *list, s *Step, have map[string]certainty, guards []string) (before []*Step) {
	if s.Off = pl.m.unwritten(s); s.Off != "" {
		return nil
	}
	for _, p := range s.needs() {
		save := p.save()
		switch {
		case save == nil:
			s.Off = "it uses an answer that is not there"
		case have[save.Name] == certain || have[save.Name] == perhaps && slices.Contains(guards, save.Name):
			continue
		case have[save.Name] == perhaps:
			s.Off = fmt.Sprintf("it uses ${%s}, which a step saves that may be left out", save.Name)
		default:
			chain := pl.chain(l, p, have, 0)
			if chain == nil {
				s.Off = fmt.Sprintf("it uses ${%s}, which %s saves; a value that a task saves is gone in the next one", save.Name, where(pl.owner[p.Of.real()]))
				if p.Of.real().Off != "" {
					s.Off = fmt.Sprintf("it uses ${%s}, which the request of line %d saves, and that is a comment", save.Name, p.Of.real().Line)
				}
				return before
			}
			before = append(before, chain...)
			pl.m.Note(s.At, "it uses ${%s} of %s; the request that answers it is made here first", save.Name, where(pl.owner[p.Of.real()]))
			continue
		}
		return before
	}
	return before
}

func where(l *list) string {
	switch {
	case l == nil:
		return "a request that is left out"
	case l.name == "on_start" || l.name == "on_stop" || l.name == "setup" || l.name == "teardown":
		return l.name
	}
	return "the task " + l.name
}

// chain is copies of the steps of another task that answer a part; nil when that cannot be.
func (pl *planner) chain(l *list, p *Part, have map[string]certainty, depth int) (steps []*Step) {
	of := p.Of.real()
	from := pl.owner[of]
	if depth > 4 || from == nil || from == l || from.user == nil || from.user != l.user || from.name == "on_stop" || of.Off != "" || pl.m.unwritten(of) != "" {
		return nil
	}
	for _, need := range of.needs() {
		save := need.save()
		if save == nil {
			return nil
		}
		if have[save.Name] == certain {
			continue
		}
		more := pl.chain(l, need, have, depth+1)
		if more == nil {
			return nil
		}
		steps = append(steps, more...)
	}
	copied := *of
	copied.Repeat, copied.If, copied.Saves = "", nil, []*Save{p.save()}
	if have[p.save().Name] != 0 {
		return nil
	}
	have[p.save().Name] = certain
	return append(steps, &copied)
}

var methodForm = regexp.MustCompile(`^[A-Z]{1,20}$`)
