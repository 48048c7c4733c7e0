package draft

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const top = `# yaml-language-server: $schema=.plimsoll/schema.json
# What Plimsoll loads, how hard, and which changes fail. ` + "`plimsoll check`" + ` explains this file;
# docs/profile.md of github.com/plimsoll-ci/plimsoll explains every key. Editors complete keys after
# mkdir -p .plimsoll && plimsoll schema > .plimsoll/schema.json
`

// YAML is the profile. profile.Parse accepts it once its data is filled in and its variables are set.
func (d *Draft) YAML() string { return top + d.Map().YAML() }

// Map is the profile as a mapping.
func (d *Draft) Map() Map {
	address := strings.TrimSuffix(d.URL, "/")
	if len(d.Start) > 0 {
		address = "http://127.0.0.1:${port}"
	}
	target := Map{{Key: "url", Value: address + d.Path}}
	if len(d.Start) > 0 {
		target = append(target, Entry{Key: "start", Value: Block{d.Start}})
	}
	if len(d.Headers) > 0 {
		target = append(target, Entry{Key: "headers", Value: Block{d.Headers}})
	}
	m := Map{{Key: "name", Value: d.Name}, {Key: "target", Value: Block{append(target, d.Target...)}}}
	if len(d.Limits) > 0 {
		m = append(m, Entry{Key: "limits", Value: Block{d.Limits}})
	}
	m = append(m, Entry{Key: "load", Value: Block{orElse(d.Load, usualLoad)}})
	if tables := d.tables(); len(tables) > 0 {
		m = append(m, Entry{Key: "data", Value: Block{tables}, Off: allOff(tables)})
	}
	if len(d.Setup) > 0 {
		m = append(m, Entry{Key: "setup", Value: steps(d.Setup), Off: stepsOff(d.Setup)})
	}
	m = append(m, Entry{Key: "users", Value: Block{d.users()}})
	if len(d.Teardown) > 0 {
		m = append(m, Entry{Key: "teardown", Value: steps(d.Teardown), Off: stepsOff(d.Teardown)})
	}
	return append(m, Entry{Key: "gate", Value: Block{orElse(d.Gate, usualGate)}})
}

func orElse(m, usual Map) Map {
	if len(m) == 0 {
		return usual
	}
	return m
}

var usualLoad = Map{
	{Key: "users", Value: 50, Beside: "in each round a route needs 200 requests for its p95, 1,000 for its p99"},
	{Key: "spawn_rate", Value: 50},
	{Key: "warm_up", Value: "10s"},
	{Key: "run_time", Value: "60s"},
}

var usualGate = Map{
	{Key: "degradation", Value: "20%", Beside: "a change that is worse by more than this fails"},
	{Key: "failure_rate", Value: "1%", Beside: "a higher share of failed requests fails"},
}

// tables are the tables of data. One that only comments use is a comment too.
func (d *Draft) tables() Map {
	used := d.usedTables()
	var m Map
	for _, t := range d.Data {
		keys := t.Keys
		e := Entry{Key: t.Name, Off: !used[t.Name]}
		if t.Keys.Get("file") == nil {
			keys = append(Map{{Key: "list", Value: append([]any{}, t.Values...)}}, keys...)
		}
		if len(t.Values) == 0 && t.Fill != "" {
			e.Beside = "fill in " + t.Fill
		}
		e.Value = keys
		m = append(m, e)
	}
	return m
}

// Read reads a file that the profile refers to: one of the draft's, or one that is there.
func (d *Draft) Read(path string) ([]byte, error) {
	if i := slices.IndexFunc(d.Files, func(f File) bool { return f.Path == path }); i >= 0 {
		return d.Files[i].Content, nil
	}
	file, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	return data, errors.Join(err, file.Close())
}

// Filled is the draft with its empty tables filled with made-up values.
func (d *Draft) Filled() *Draft {
	filled := d.Copy()
	for i := range filled.Data {
		if t := &filled.Data[i]; t.isUnknown() {
			if t.Values = t.Made; len(t.Made) == 0 {
				t.Values = []any{"x"}
			}
		}
	}
	return filled
}

// isUnknown reports whether the user has to fill in the table.
func (t Table) isUnknown() bool { return len(t.Values) == 0 && t.Keys.Get("file") == nil }

// Unknown are the tables that a step uses and that the user has to fill in.
func (d *Draft) Unknown(s Step) (tables []Table) {
	only := Draft{Users: []User{{OnStart: []Step{{Keys: s.Keys}}}}}
	used := only.usedTables()
	for _, t := range d.Data {
		if used[t.Name] && t.isUnknown() {
			tables = append(tables, t)
		}
	}
	return tables
}

// ToFill are the tables that steps use which are done, and that have no values yet.
func (d *Draft) ToFill() (tables []Table) {
	used := d.usedTables()
	for _, t := range d.Data {
		if used[t.Name] && t.isUnknown() {
			tables = append(tables, t)
		}
	}
	return tables
}

// usedTables are the tables that steps use which are done.
func (d *Draft) usedTables() map[string]bool {
	used := map[string]bool{}
	see := func(text string) {
		for _, part := range profile.Template(text).Parts() {
			if table, _, ok := profile.DataColumn(part.Variable); ok {
				used[table] = true
			}
		}
	}
	Texts(d.Headers, see)
	for s := range d.steps() {
		if s.Off == "" {
			Texts(s.Keys, see)
			asked(s.Keys, func(name string) { see("${" + name + "}") })
		}
	}
	return used
}

// asked calls see for each variable that an if of a step asks about, in groups too.
func asked(value any, see func(name string)) {
	switch v := value.(type) {
	case Map:
		for _, e := range v {
			if conditions, is := e.Value.(Map); is && e.Key == "if" {
				for _, c := range conditions {
					see(c.Key)
				}
			}
			if e.Key == "steps" {
				asked(e.Value, see)
			}
		}
	case []any:
		for _, item := range v {
			asked(item, see)
		}
	case Item:
		asked(v.Value, see)
	case Block:
		asked(v.Value, see)
	}
}

// steps are all steps of the draft that the profile will have, as steps or as comments.
func (d *Draft) steps() func(yield func(*Step) bool) {
	return func(yield func(*Step) bool) {
		lists := [][]Step{d.Setup}
		for i := range d.Users {
			u := &d.Users[i]
			lists = append(lists, u.OnStart)
			for j := range u.Tasks {
				lists = append(lists, u.Tasks[j].Steps)
			}
			lists = append(lists, u.OnStop)
		}
		for _, list := range append(lists, d.Teardown) {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// Texts calls see for each text in a value, keys among them.
func Texts(value any, see func(text string)) {
	switch v := value.(type) {
	case string:
		see(v)
	case Map:
		for _, e := range v {
			see(e.Key)
			Texts(e.Value, see)
		}
	case []any:
		for _, item := range v {
			Texts(item, see)
		}
	case Item:
		Texts(v.Value, see)
	case Block:
		Texts(v.Value, see)
	}
}

func allOff(m Map) bool {
	for _, e := range m {
		if !e.Off {
			return false
		}
	}
	return true
}

func stepsOff(list []Step) bool {
	for _, s := range list {
		if s.Off == "" {
			return false
		}
	}
	return true
}

// users are the kinds of users.
func (d *Draft) users() (all []any) {
	beside := "the routes that matter, each with its weight" // once is enough
	for _, u := range d.Users {
		m := append(Map{{Key: "name", Value: u.Name}}, u.Keys...)
		if len(u.OnStart) > 0 {
			m = append(m, Entry{Key: "on_start", Value: steps(u.OnStart), Off: stepsOff(u.OnStart)})
		}
		var tasks []any
		for _, t := range u.Tasks {
			tasks = append(tasks, t.item())
		}
		m = append(m, Entry{Key: "tasks", Value: Block{tasks}, Beside: beside})
		beside = ""
		if len(u.OnStop) > 0 {
			m = append(m, Entry{Key: "on_stop", Value: steps(u.OnStop), Off: stepsOff(u.OnStop)})
		}
		all = append(all, Item{Value: Block{m}, Above: u.Above, Off: u.IsOff()})
	}
	return all
}

// steps are steps as the items of a list.
func steps(list []Step) Block {
	var items []any
	for _, s := range list {
		items = append(items, s.item())
	}
	return Block{items}
}

// item is a step as an item of a list. A step that is off says why.
func (s Step) item() Item {
	return Item{Value: Block{s.Keys}, Above: joined(s.Above, s.Off), Off: s.Off != ""}
}

// item is a task as an item of a list.
func (t Task) item() Item {
	if len(t.Steps) == 1 && t.Name == "" && t.Steps[0].IsCall() {
		s := t.Steps[0]
		s.Keys = append(append(Map{}, s.Keys...), t.Keys...)
		s.Above = joined(t.Above, s.Above)
		return s.item()
	}
	var m Map
	if t.Name != "" {
		m = Map{{Key: "name", Value: t.Name}}
	}
	list := slices.Clone(t.Steps)
	for i := range list {
		if t.IsOff() { // one # is enough
			list[i].Above, list[i].Off = joined(list[i].Above, list[i].Off), ""
		}
	}
	m = append(append(m, t.Keys...), Entry{Key: "steps", Value: steps(list)})
	return Item{Value: Block{m}, Above: t.Above, Off: t.IsOff()}
}

// joined are comments on lines of their own.
func joined(lines ...string) string {
	var some []string
	for _, line := range lines {
		if line != "" {
			some = append(some, line)
		}
	}
	return strings.Join(some, "\n")
}
