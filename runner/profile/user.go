package profile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func (r *reader) users(n *yaml.Node) []Behaviour {
	var users []Behaviour
	seen := map[string]int{}
	r.inUser = true
	defer func() { r.inUser = false }()
	r.NonEmpty(n, "write at least one kind of user", func(item *yaml.Node) {
		u := r.user(item)
		if line, twice := seen[u.Name]; twice && u.Name != "" {
			r.Problem(item, "the name %s is taken by the user on line %d; each kind of user has its own", strict.Quote(u.Name), line)
		}
		seen[u.Name] = item.Line
		users = append(users, u)
	})
	return users
}

const maxWeight = 1_000_000

var userName = strict.NewPattern(`\S`, "a name such as reader")

// user reads one behaviour. It reads on_start first, regardless of the order in the file, because later
// steps can use the variables that it saves.
func (r *reader) user(n *yaml.Node) Behaviour {
	u := Behaviour{Weight: 1}
	r.saved = maps.Clone(r.shared)
	var start, tasks, stop *yaml.Node
	r.Mapping(n,
		strict.Need("name", "The name of this kind of user.", "name this kind of user, for example: name: reader", r.Match(userName, func(_ *yaml.Node, name string) { u.Name = name })),
		strict.Key("weight", "The share of the users that are of this kind, relative to the weights of the others.", r.Int(&u.Weight, 1, maxWeight)),
		strict.Key("fixed", "Exactly this many users of this kind, instead of a share.", r.Int(&u.Fixed, 1, maxUsers)),
		strict.Key("wait", "Between two tasks: 1s, 100ms..500ms, pace 1s (tasks start 1s apart) or throughput 5/s (the same, as a rate).", r.wait(&u.Wait, userWait)),
		strict.Key("on_start", "Steps that each user does first.", strict.Later(&start)),
		strict.Key("renew", "How often the user does on_start again, between two tasks: for tokens that expire.", r.Duration(&u.Renew, time.Millisecond)),
		strict.Need("tasks", "What the user does, one task after another, chosen by weight.", "write what this user does, for example: tasks: [{http: GET /}]", strict.Later(&tasks)),
		strict.Key("on_stop", "Steps that each user does last.", strict.Later(&stop)),
	)
	for _, section := range []struct {
		name string
		n    *yaml.Node
		read strict.Read
	}{
		{"on_start", start, func(n *yaml.Node) { u.OnStart = r.steps(n) }},
		{"tasks", tasks, func(n *yaml.Node) { u.Tasks = r.tasks(n) }},
		{"on_stop", stop, func(n *yaml.Node) { u.OnStop = r.steps(n) }},
	} {
		if section.n != nil {
			r.In(section.name, func() { section.read(section.n) })
		}
	}
	if u.Renew > 0 && len(u.OnStart) == 0 {
		r.Problem(strict.Get(n, "renew"), "renew does on_start again, but this user has none: add on_start, or remove renew")
	}
	r.Exclude(n, "weight", "fixed", "a kind of user has either a share or a fixed number")
	if u.Fixed > 0 {
		u.Weight = 0
	}
	return u
}

func (r *reader) tasks(n *yaml.Node) []Task {
	var tasks []Task
	r.lasting = maps.Clone(r.saved)
	defer func() { r.lasting = nil }()
	r.NonEmpty(n, "write at least one task", func(item *yaml.Node) {
		before := maps.Clone(r.saved)
		tasks = append(tasks, r.task(item))
		r.saved = before // a task cannot rely on what another one saves
	})
	return tasks
}

// task reads a task, in full with steps or in the short form of a single step.
func (r *reader) task(n *yaml.Node) Task {
	t := Task{Weight: 1}
	weight := strict.Key("weight", "How often this task is chosen, relative to the weights of the others.", r.Int(&t.Weight, 1, maxWeight))
	tags := strict.Key("tags", "Words by which --tags and --exclude-tags select tasks.", func(n *yaml.Node) {
		r.Sequence(n, func(item *yaml.Node) {
			var tag string
			r.Text(&tag)(item)
			t.Tags = append(t.Tags, tag)
		})
	})
	full := func(n *yaml.Node) {
		var group Group
		r.Mapping(n, strict.Key("name", "The name of the task.", r.Text(&t.Name)), weight, tags, r.group(&group),
			strict.Need("steps", "What the task does, one step after another.", "write for example: steps: [{http: GET /}]", func(n *yaml.Node) { t.Steps = r.steps(n) }))
		group.of(t.Steps)
		if eachCall(t.Steps, func(*Call) bool { return false }) {
			r.Problem(n, "no step of this task sends a request; add one, for example: http: GET /")
		}
	}
	var short Step
	r.guarded(n, &short, func(flow []strict.Field) {
		forms := append([]strict.Form{{Key: "steps", Read: full}}, r.callForms(&short, append(flow, weight, tags)...)...)
		r.Forms(n, "a task is one step ("+r.from.Protocols[0].Example+") or a list of steps (steps: […])", forms...)
	})
	if short.Call != nil {
		t.Name, t.Steps = short.Call.Route(), []Step{short}
	}
	return t
}

// once reads the steps of setup or teardown. They can use the variables that setup has saved.
func (r *reader) once(n *yaml.Node) []Step {
	r.saved = maps.Clone(r.shared)
	r.inUser = true
	defer func() { r.inUser = false }()
	return r.steps(n)
}

func (r *reader) steps(n *yaml.Node) []Step {
	var steps []Step
	r.Sequence(n, func(item *yaml.Node) {
		step := r.step(item)
		if times := step.times(); times > maxTimesInAll {
			r.Problem(item, "the groups in this step repeat something up to %d times in all; at most %d", times, maxTimesInAll)
		}
		steps = append(steps, step)
	})
	return steps
}

// selectTags keeps the tasks with one of tags (all if tags is empty), but not those with one of exclude. A
// kind of user without a task is dropped.
func (p *Profile) selectTags(tags, exclude []string) error {
	if len(tags) == 0 && len(exclude) == 0 {
		return nil
	}
	if l := p.Target.Locust; l != nil { // only the locustfile knows which tasks have these tags
		selected := *l // others may hold the same one
		selected.Tags, selected.ExcludeTags = tags, exclude
		p.Target.Locust = &selected
		return nil
	}
	known := map[string]bool{}
	has := func(t Task, any []string) bool {
		return slices.ContainsFunc(t.Tags, func(tag string) bool { return slices.Contains(any, tag) })
	}
	var users []Behaviour
	for _, u := range p.Users {
		var tasks []Task
		for _, t := range u.Tasks {
			for _, tag := range t.Tags {
				known[tag] = true
			}
			if (len(tags) == 0 || has(t, tags)) && !has(t, exclude) {
				tasks = append(tasks, t)
			}
		}
		if u.Tasks = tasks; len(tasks) > 0 {
			users = append(users, u)
		}
	}
	for _, tag := range slices.Concat(tags, exclude) {
		if !known[tag] {
			return fmt.Errorf("no task has the tag %q%s", tag, strict.Suggest(tag, slices.Sorted(maps.Keys(known))))
		}
	}
	if len(users) == 0 {
		return fmt.Errorf("the tags select no task")
	}
	p.Users = users
	return nil
}
