package locust

import (
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// chosen is one thing that a user or a TaskSet may do.
type chosen struct {
	what   script.Value // *script.Closure or *script.ClassOf
	name   string
	weight int
	tags   []string
	order  int
}

// tasksOf are the tasks of a class and of those that it inherits from.
func (r *reader) tasksOf(c *script.ClassOf) []chosen {
	var all tasks
	for _, b := range c.Bases {
		if base, is := b.(*script.ClassOf); is {
			all = append(all, r.tasksOf(base)...)
		}
	}
	for _, word := range []string{"tasks", "task_set"} {
		v, _ := c.Fields.Get(word)
		all.list(v)
	}
	for _, name := range c.Fields.Keys {
		if one := marked(name, c.Marks[name]); one.weight > 0 {
			one.what, _ = c.Fields.Get(name)
			all.add(one)
		}
	}
	slices.SortStableFunc(all, func(a, b chosen) int { return a.order - b.order })
	return slices.DeleteFunc(all, func(one chosen) bool {
		switch one.what.(type) {
		case *script.Closure, *script.ClassOf:
			return false
		}
		return true
	})
}

// tasks are the tasks that are known so far.
type tasks []chosen

// add adds a task in the place of one with the same name.
func (all *tasks) add(one chosen) {
	*all = slices.DeleteFunc(*all, func(has chosen) bool { return has.name == one.name && one.name != "" })
	if one.weight > 0 {
		*all = append(*all, one)
	}
}

// list adds what a class lists as its tasks: [a, b], {a: 3, b: 1}, or a TaskSet.
func (all *tasks) list(v script.Value) {
	switch v := v.(type) {
	case *script.List:
		for _, item := range v.Items {
			if i := slices.IndexFunc(*all, func(has chosen) bool { return has.name == nameOf(item) }); i >= 0 {
				(*all)[i].weight++ // named twice
				continue
			}
			all.add(chosen{what: item, name: nameOf(item), weight: 1})
		}
	case *script.Dict:
		for _, key := range v.Keys {
			n, _ := v.Get(key)
			weight, ok := script.Integer(n)
			if !ok {
				weight = 1
			}
			all.add(chosen{what: v.Of[key], name: key, weight: weight})
		}
	case *script.ClassOf:
		all.add(chosen{what: v, name: v.Name, weight: 1})
	}
}

// marked holds the arguments of a function's or class's decorators; without @task its weight is 0.
func marked(name string, marks []script.Value) chosen {
	one := chosen{name: name}
	for _, mark := range marks {
		switch mark := mark.(type) {
		case *script.Native:
			if mark.Name == "task" {
				one.weight = max(one.weight, 1)
			}
		case taskMark:
			one.weight, one.order = mark.weight, mark.order
		case tagMark:
			one.tags = append(one.tags, mark...)
		}
	}
	return one
}

func nameOf(v script.Value) string {
	switch v := v.(type) {
	case *script.Closure:
		return v.Of.Name
	case *script.ClassOf:
		return v.Name
	}
	return ""
}

func stringField(m *script.Machine, c *script.ClassOf, name string) (string, bool) {
	v, _, ok := c.Field(name)
	if !ok {
		return "", false
	}
	return m.StringOf(v)
}

// user drafts a class of users: one kind of user, or several if it has TaskSets that a user never leaves.
func (r *reader) user(c *script.ClassOf) (scenarios []*script.Scenario) {
	tasks := r.tasksOf(c)
	var sets, others []chosen
	for _, one := range tasks {
		if set, is := one.what.(*script.ClassOf); is && !r.leaves(set) {
			sets = append(sets, one)
		} else {
			others = append(others, one)
		}
	}
	weight := r.number(c, "weight", 1)
	if len(sets) < 2 || len(others) > 0 {
		return []*script.Scenario{r.scenario(c, c.Name, weight, tasks)}
	}
	for _, set := range sets {
		scenarios = append(scenarios, r.scenario(c, c.Name+" "+set.name, weight*set.weight, []chosen{set}))
	}
	return scenarios
}

// leaves reports whether a TaskSet ends by itself.
func (r *reader) leaves(c *script.ClassOf) bool {
	for _, one := range r.tasksOf(c) {
		switch what := one.what.(type) {
		case *script.Closure:
			if script.Calls(what.Of.Body, "interrupt", "schedule_task") {
				return true
			}
		}
	}
	return false
}

func (r *reader) number(c *script.ClassOf, name string, fallback int) int {
	v, _, ok := c.Field(name)
	if n, isNumber := script.Integer(v); ok && isNumber {
		return n
	}
	return fallback
}

// scenario follows what one kind of user does.
func (r *reader) scenario(c *script.ClassOf, name string, weight int, tasks []chosen) *script.Scenario {
	u := &script.Scenario{Name: name}
	var user *script.Object
	u.OnStart = r.m.Record(func() {
		user = r.begin(c, nil)
		r.hook(user, "on_start")
	})
	wait := r.waitOf(user)
	if fixed := r.number(c, "fixed_count", 0); fixed > 0 {
		u.Keys = append(u.Keys, draft.Entry{Key: "fixed", Value: fixed})
	} else if weight > 1 {
		u.Keys = append(u.Keys, draft.Entry{Key: "weight", Value: weight})
	}
	r.follow(u, user, tasks, 1, &wait)
	if len(u.OnStart) > 0 && !slices.ContainsFunc(u.Tasks, func(t *script.Task) bool { return asks(t.Steps) }) {
		r.m.Note(c.At, "no task of %s makes a request; what on_start sends is its task in the profile", name)
		u.OnStart, u.Tasks = nil, []*script.Task{{At: c.At, Name: "on_start", Weight: 1, Steps: u.OnStart}}
	}
	if wait != "" {
		u.Keys = append(u.Keys, draft.Entry{Key: "wait", Value: wait})
	}
	u.OnStop = append(u.OnStop, r.m.Record(func() { r.hook(user, "on_stop") })...)
	return u
}

// asks reports whether a step is a request, or holds one.
func asks(steps []*script.Step) bool {
	return slices.ContainsFunc(steps, func(s *script.Step) bool { return s.Protocol != "" || asks(s.Steps) })
}

// follow adds the tasks of an object, each with a weight, to a user.
func (r *reader) follow(u *script.Scenario, self *script.Object, tasks []chosen, weight int, wait *string) {
	for _, one := range tasks {
		switch what := one.what.(type) {
		case *script.Closure:
			r.m.Task()
			task := &script.Task{At: what.Of.At, Name: one.name, Weight: one.weight * weight, Tags: one.tags}
			task.Steps = r.m.Record(func() { r.call(self, what) })
			u.Tasks = append(u.Tasks, task)
		case *script.ClassOf:
			r.set(u, self, what, one, weight, wait)
		}
	}
}

// set adds a TaskSet.
func (r *reader) set(u *script.Scenario, parent *script.Object, c *script.ClassOf, one chosen, weight int, wait *string) {
	var set *script.Object
	start := r.m.Record(func() {
		set = r.begin(c, parent)
		r.hook(set, "on_start")
	})
	own := r.waitOf(set)
	if own != "" {
		*wait = own
	}
	tasks := r.tasksOf(c)
	if !c.Inherits("SequentialTaskSet", "TaskSequence") {
		u.OnStart = append(u.OnStart, start...)
		r.follow(u, set, tasks, one.weight*weight, wait)
		u.OnStop = append(u.OnStop, r.m.Record(func() { r.hook(set, "on_stop") })...)
		return
	}
	task := &script.Task{At: c.At, Name: c.Name, Weight: one.weight * weight, Tags: one.tags}
	if r.leaves(c) {
		task.Steps = start
	} else {
		u.OnStart = append(u.OnStart, start...)
	}
	r.m.Task()
	inner := &script.Scenario{}
	for i, step := range tasks {
		before := len(inner.Tasks)
		r.follow(inner, set, []chosen{step}, 1, wait)
		task.Steps = append(task.Steps, inner.OnStart...)
		inner.OnStart = nil
		for _, t := range inner.Tasks[before:] {
			task.Steps = append(task.Steps, t.Steps...)
		}
		pause := *wait
		if strings.HasPrefix(pause, "pace ") || strings.HasPrefix(pause, "throughput ") {
			pause = ""
		}
		if i+1 < len(tasks) && pause != "" && len(task.Steps) > 0 {
			task.Steps = append(task.Steps, &script.Step{At: c.At, Wait: pause})
		}
	}
	u.Tasks = append(u.Tasks, task)
}

// begin makes the object of a class as Locust does.
func (r *reader) begin(c *script.ClassOf, parent *script.Object) *script.Object {
	object := &script.Object{Class: c, Fields: script.NewDict()}
	if parent == nil {
		object.Fields.Set("client", r.newClient())
		object.Fields.Set("user", object)
	} else {
		client, _ := parent.Fields.Get("client")
		user, _ := parent.Fields.Get("user")
		object.Fields.Set("client", client)
		object.Fields.Set("user", user)
		object.Fields.Set("parent", parent)
		object.Fields.Set("locust", user)
	}
	if parent == nil {
		r.defaultHeaders(c, object)
	}
	if init, of, ok := c.Field("__init__"); ok && of != nil {
		if f, is := init.(*script.Closure); is {
			r.call(object, f)
		}
	}
	return object
}

// defaultHeaders gives the client of a FastHttpUser the headers that its class names, and tells what it does not.
func (r *reader) defaultHeaders(c *script.ClassOf, user *script.Object) {
	client := clientOf(user)
	v, _, _ := c.Field("default_headers")
	if headers, is := v.(*script.Dict); is && client != nil {
		client.Has["headers"] = headers.Clone()
	}
	for _, name := range []string{"connection_timeout", "network_timeout", "max_redirects", "max_retries", "proxy_host", "client_pool", "ssl_context_factory"} {
		if _, _, ok := c.Field(name); ok {
			r.m.Note(c.At, "%s of %s has no place in the profile, and is left out", name, c.Name)
		}
	}
	if v, _, _ := c.Field("insecure"); v == true {
		r.insecure = true
	}
}

func clientOf(user *script.Object) *script.Native {
	v, _ := user.Fields.Get("client")
	client, _ := v.(*script.Native)
	return client
}

// hook calls a method of an object if it is there.
func (r *reader) hook(self *script.Object, name string) {
	if v, _, ok := self.Class.Field(name); ok {
		if f, is := v.(*script.Closure); is {
			r.m.Task()
			r.call(self, f)
		}
	}
}

// call calls a function with an object as its first argument.
func (r *reader) call(self *script.Object, f *script.Closure) script.Value {
	if f.Class == nil {
		return r.m.Call(f.Of.At, f, self)
	}
	bound := *f
	bound.This = self
	return r.m.Call(f.Of.At, &bound)
}

// waitOf is the wait of a user or a TaskSet, in the words of a profile.
func (r *reader) waitOf(self *script.Object) string {
	v, _, ok := self.Class.Field("wait_time")
	if f, is := v.(*script.Closure); is {
		v = r.call(self, f)
	}
	if ok {
		switch v := v.(type) {
		case waits:
			return string(v)
		case nil:
			return ""
		}
		if text, ok := script.Span(v, 1); ok {
			return text
		}
		r.m.Note(self.Class.At, "the wait_time of %s is not understood; the profile waits for nothing", self.Class.Name)
		return ""
	}
	least, hasLeast := self.Class.Fields.Get("min_wait")
	most, hasMost := self.Class.Fields.Get("max_wait")
	if hasLeast && hasMost {
		if a, ok := script.NumberOf(least); ok {
			if b, ok := script.NumberOf(most); ok {
				return script.Wait(a/1000, b/1000)
			}
		}
	}
	return ""
}

// fitFixed makes a load that has room for all fixed users.
func fitFixed(d *draft.Draft) {
	fixed, weighted := 0, false
	for _, u := range d.Users {
		n, _ := u.Keys.Get("fixed").(int)
		fixed += n
		weighted = weighted || n == 0
	}
	switch {
	case fixed == 0:
		return
	case len(d.Load) > 0: // the stages of a shape have other numbers of users
		for i := range d.Users {
			if n, is := d.Users[i].Keys.Get("fixed").(int); is {
				d.Users[i].Keys = slices.DeleteFunc(slices.Clone(d.Users[i].Keys), func(e draft.Entry) bool { return e.Key == "fixed" })
				d.Users[i].Keys = append(d.Users[i].Keys, draft.Entry{Key: "weight", Value: n})
			}
		}
		return
	}
	users := fixed
	if weighted {
		users = max(50, fixed+1)
	}
	d.Load = draft.Map{{Key: "users", Value: users}, {Key: "spawn_rate", Value: users}, {Key: "warm_up", Value: "10s"}, {Key: "run_time", Value: "60s"}}
}

// modulePath are the paths that a module of the user's may have.
func modulePaths(dir, from, module string) []string {
	below := strings.TrimLeft(module, ".")
	up := len(module) - len(below)
	place := strings.ReplaceAll(below, ".", "/")
	base := path.Dir(from)
	for range up - 1 {
		base = path.Dir(base)
	}
	var places []string
	for _, root := range []string{base, dir} {
		if up > 0 && root != base {
			continue
		}
		places = append(places, path.Join(root, place+".py"), path.Join(root, place, "__init__.py"))
	}
	return places
}
