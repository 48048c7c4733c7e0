package profile

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func (r *reader) users(n *yaml.Node) []User {
	var users []User
	seen := map[string]int{}
	r.inUser = true
	defer func() { r.inUser = false }()
	r.Sequence(n, func(item *yaml.Node) {
		u := r.user(item)
		if line, twice := seen[u.Name]; twice && u.Name != "" {
			r.Problem(item, "the name %q stands in line %d as well; each kind of user has its own", u.Name, line)
		}
		seen[u.Name] = item.Line
		users = append(users, u)
	})
	if n.Kind == yaml.SequenceNode && len(users) == 0 {
		r.Problem(n, "the list is empty; write at least one kind of user")
	}
	return users
}

// user reads one behaviour: on_start first, whatever the order of the file, since the
// variables that it saves may stand in all that follows.
func (r *reader) user(n *yaml.Node) User {
	u := User{Weight: 1}
	r.saved = map[string]bool{}
	nodes := map[string]*yaml.Node{}
	later := func(name string) func(*yaml.Node) { return func(n *yaml.Node) { nodes[name] = n } }
	r.Mapping(n, strict.Fields{
		"name":     func(n *yaml.Node) { u.Name = r.Text(n) },
		"weight":   func(n *yaml.Node) { u.Weight = r.Int(n, 1, 1_000_000) },
		"fixed":    func(n *yaml.Node) { u.Fixed, u.Weight = r.Int(n, 1, maxUsers), 0 },
		"wait":     func(n *yaml.Node) { u.Wait = r.wait(n) },
		"on_start": later("on_start"), "tasks": later("tasks"), "on_stop": later("on_stop"),
	})
	for _, section := range []struct {
		name string
		read func(*yaml.Node)
	}{
		{"on_start", func(n *yaml.Node) { u.OnStart = r.steps(n) }},
		{"tasks", func(n *yaml.Node) { u.Tasks = r.tasks(n) }},
		{"on_stop", func(n *yaml.Node) { u.OnStop = r.steps(n) }},
	} {
		if n := nodes[section.name]; n != nil {
			r.In(section.name, func() { section.read(n) })
		}
	}
	r.required(n, map[string]string{
		"name":  "name this kind of user, for example: name: reader",
		"tasks": "write what this user does, for example: tasks: [{http: GET /}]",
	})
	if has(n, "weight") && has(n, "fixed") {
		r.Problem(n, "weight and fixed are both given; a kind of user has a share or a fixed number")
	}
	return u
}

func (r *reader) tasks(n *yaml.Node) []Task {
	var tasks []Task
	r.Sequence(n, func(item *yaml.Node) {
		before := maps.Clone(r.saved)
		tasks = append(tasks, r.task(item))
		r.saved = before // what one task saves, no other can rely on
	})
	if n.Kind == yaml.SequenceNode && len(tasks) == 0 {
		r.Problem(n, "the list is empty; write at least one task")
	}
	return tasks
}

// task reads a task, in full with steps or in the short form of a single step.
func (r *reader) task(n *yaml.Node) Task {
	t := Task{Weight: 1}
	weight := func(n *yaml.Node) { t.Weight = r.Int(n, 1, 1_000_000) }
	tags := func(n *yaml.Node) {
		r.Sequence(n, func(item *yaml.Node) { t.Tags = append(t.Tags, r.Text(item)) })
	}
	if has(n, "steps") || !r.isCall(n) {
		r.Mapping(n, strict.Fields{
			"name": func(n *yaml.Node) { t.Name = r.Text(n) }, "weight": weight, "tags": tags,
			"steps": func(n *yaml.Node) { t.Steps = r.steps(n) },
		})
		r.required(n, map[string]string{"steps": "a task is one step (http: GET /path) or a list of steps"})
		if has(n, "steps") && !slices.ContainsFunc(t.Steps, func(s Step) bool { return s.Call != nil }) {
			r.Problem(n, "no step of this task sends a request")
		}
		return t
	}
	step := r.step(n, strict.Fields{"weight": weight, "tags": tags})
	t.Name = step.Call.Route()
	t.Steps = []Step{step}
	return t
}

func (r *reader) steps(n *yaml.Node) []Step {
	var steps []Step
	r.Sequence(n, func(item *yaml.Node) { steps = append(steps, r.step(item, nil)) })
	return steps
}

// selectTags keeps the tasks that bear one of tags, or all when there are none, and of those
// the ones that bear none of exclude. A kind of user without any task left is left out.
func (p *Profile) selectTags(tags, exclude []string) error {
	if len(tags) == 0 && len(exclude) == 0 {
		return nil
	}
	known := map[string]bool{}
	bears := func(t Task, any []string) bool {
		return slices.ContainsFunc(t.Tags, func(tag string) bool { return slices.Contains(any, tag) })
	}
	var users []User
	for _, u := range p.Users {
		var tasks []Task
		for _, t := range u.Tasks {
			for _, tag := range t.Tags {
				known[tag] = true
			}
			if (len(tags) == 0 || bears(t, tags)) && !bears(t, exclude) {
				tasks = append(tasks, t)
			}
		}
		if u.Tasks = tasks; len(tasks) > 0 {
			users = append(users, u)
		}
	}
	for _, tag := range slices.Concat(tags, exclude) {
		if !known[tag] {
			return fmt.Errorf("no task bears the tag %q%s", tag, strict.Suggest(tag, slices.Sorted(maps.Keys(known))))
		}
	}
	if len(users) == 0 {
		return fmt.Errorf("the tags leave no task to do")
	}
	p.Users = users
	return nil
}
