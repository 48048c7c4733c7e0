package draft

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Join combines drafts into one; where two differ in a setting, the first wins. Each draft still sends what it would
// send alone: a path prefix or a header that not all drafts share moves into the steps. A user or a table whose name is
// taken gets a number behind it.
func Join(drafts ...*Draft) *Draft {
	all := &Draft{Headers: sharedHeaders(drafts)}
	for i, d := range drafts {
		d = d.Copy()
		if i == 0 {
			all.Path = d.Path
		}
		if d.Path != all.Path {
			all.ownPaths()
			d.ownPaths()
		}
		all.Name, all.Title = cmp.Or(all.Name, d.Name), joined(all.Title, d.Title)
		all.URL = cmp.Or(all.URL, d.URL)
		d.ownHeaders(all.Headers)
		all.addTables(d)
		all.Start, all.Load, all.Gate = orElse(all.Start, d.Start), orElse(all.Load, d.Load), orElse(all.Gate, d.Gate)
		all.Target, all.Limits = together(all.Target, d.Target), together(all.Limits, d.Limits)
		for _, v := range d.Env {
			if !slices.ContainsFunc(all.Env, func(has Variable) bool { return has.Name == v.Name }) {
				all.Env = append(all.Env, v)
			}
		}
		for _, u := range d.Users {
			u.Name = free(u.Name, func(name string) bool {
				return slices.ContainsFunc(all.Users, func(has User) bool { return has.Name == name })
			})
			all.Users = append(all.Users, u)
		}
		all.Files = append(all.Files, d.Files...)
		all.Setup, all.Teardown = append(all.Setup, d.Setup...), append(all.Teardown, d.Teardown...)
		all.Notes, all.Rows = append(all.Notes, d.Notes...), append(all.Rows, d.Rows...)
	}
	return all
}

// together merges two mappings: a comes first, and wins where both have a key.
func together(a, b Map) Map {
	for _, e := range b {
		if a.Get(e.Key) == nil {
			a = append(a, e)
		}
	}
	return a
}

// free is a name that is not taken: the name itself, or with a number behind it.
func free(name string, taken func(string) bool) string {
	for i, candidate := 2, name; ; i++ {
		if !taken(candidate) {
			return candidate
		}
		candidate = fmt.Sprintf("%s_%d", name, i)
	}
}

// Copy copies the draft, its steps, tables and rows. Nested values are shared: replace them, do not change them.
func (d *Draft) Copy() *Draft {
	c := *d
	rows := map[*Row]*Row{}
	c.Rows = slices.Clone(d.Rows)
	for i, row := range d.Rows {
		own := *row
		c.Rows[i], rows[row] = &own, &own
	}
	steps := func(list []Step) []Step {
		list = slices.Clone(list)
		for i := range list {
			list[i].Keys = slices.Clone(list[i].Keys)
			if own := rows[list[i].Row]; own != nil {
				list[i].Row = own
			}
		}
		return list
	}
	c.Users = slices.Clone(d.Users)
	for i := range c.Users {
		u := &c.Users[i]
		u.OnStart, u.OnStop, u.Tasks = steps(u.OnStart), steps(u.OnStop), slices.Clone(u.Tasks)
		for j := range u.Tasks {
			u.Tasks[j].Steps = steps(u.Tasks[j].Steps)
		}
	}
	c.Setup, c.Teardown, c.Data, c.Headers = steps(d.Setup), steps(d.Teardown), slices.Clone(d.Data), slices.Clone(d.Headers)
	return &c
}

// ownPaths moves the draft's path prefix into each step and each route. So routes of two sources with different
// prefixes stay apart.
func (d *Draft) ownPaths() {
	path := d.Path
	if d.Path = ""; path == "" {
		return
	}
	for _, row := range d.Rows {
		row.Operation = below(path, row.Operation)
	}
	for s := range d.steps() {
		s.Keys = inCalls(s.Keys, func(m Map) Map {
			for i := range m {
				switch text, _ := m[i].Value.(string); {
				case i == 0 && m[i].Key == "websocket":
					m[i].Value = path + text
				case i == 0 && (m[i].Key == "http" || m[i].Key == "sse"), m[i].Key == "name":
					m[i].Value = below(path, text)
				}
			}
			return m
		})
	}
	if limits, is := unblocked(d.Gate.Get("thresholds")).(Map); is {
		limits = slices.Clone(limits)
		for i := range limits {
			limits[i].Key = below(path, limits[i].Key)
		}
		d.Gate = slices.Clone(d.Gate)
		d.Gate.Set("thresholds", Block{limits})
	}
}

// below is a method and a path with another path in front of it. Any other text stays as it is.
func below(path, call string) string {
	method, rest, _ := strings.Cut(call, " ")
	if methodForm.MatchString(method) && strings.HasPrefix(rest, "/") {
		return method + " " + path + rest
	}
	return call
}

var methodForm = regexp.MustCompile(`^[A-Z]{1,20}$`)

// inCalls changes the keys of a step, or those of the steps in a group.
func inCalls(keys Map, change func(Map) Map) Map {
	keys = slices.Clone(keys)
	if (Step{Keys: keys}).IsCall() {
		return change(keys)
	}
	for i := range keys {
		if keys[i].Key == "steps" {
			keys[i].Value = inGroup(keys[i].Value, change)
		}
	}
	return keys
}

// inGroup is inCalls for a list of steps.
func inGroup(value any, change func(Map) Map) any {
	if m, is := value.(Map); is {
		return inCalls(m, change)
	}
	return inside(value, func(v any) any { return inGroup(v, change) })
}

// inside changes each value that a list, an Item or a Block holds. Any other value stays as it is.
func inside(value any, change func(any) any) any {
	switch v := value.(type) {
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i] = change(v[i])
		}
		return v
	case Item:
		v.Value = change(v.Value)
		return v
	case Block:
		v.Value = change(v.Value)
		return v
	}
	return value
}

// sharedHeaders are the headers that all drafts have, with the same values.
func sharedHeaders(drafts []*Draft) (shared Map) {
	if len(drafts) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(drafts[0].Headers), func(h Entry) bool {
		return slices.ContainsFunc(drafts, func(d *Draft) bool { return !slices.ContainsFunc(d.Headers, h.isHeader) })
	})
}

// isHeader reports whether another entry is the same header with the same value.
func (h Entry) isHeader(other Entry) bool {
	return strings.EqualFold(h.Key, other.Key) && reflect.DeepEqual(h.Value, other.Value)
}

// ownHeaders puts the headers that not all drafts share into each step.
func (d *Draft) ownHeaders(shared Map) {
	own := slices.DeleteFunc(slices.Clone(d.Headers), func(h Entry) bool { return slices.ContainsFunc(shared, h.isHeader) })
	d.Headers = shared
	if len(own) == 0 {
		return
	}
	for s := range d.steps() {
		s.Keys = inCalls(s.Keys, func(m Map) Map {
			word := "headers"
			if m[0].Key == "grpc" {
				word = "metadata"
			}
			has, _ := unblocked(m.Get(word)).(Map)
			has = slices.Clone(has)
			for _, h := range own {
				if !slices.ContainsFunc(has, func(other Entry) bool { return strings.EqualFold(other.Key, h.Key) }) {
					has = append(has, h)
				}
			}
			m.Set(word, has)
			return m
		})
	}
}

// addTables adds the tables of d. One whose name is taken by another table is renamed, with all that uses it.
func (all *Draft) addTables(d *Draft) {
	for _, t := range d.Data {
		taken := func(name string) bool {
			return slices.ContainsFunc(all.Data, func(has Table) bool { return has.Name == name })
		}
		if slices.ContainsFunc(all.Data, func(has Table) bool { return reflect.DeepEqual(has, t) }) {
			continue
		}
		old := t.Name
		if t.Name = free(old, taken); t.Name != old {
			renamed := strings.NewReplacer("${data."+old+"}", "${data."+t.Name+"}", "${data."+old+".", "${data."+t.Name+".")
			for s := range d.steps() {
				s.Keys = replaced(s.Keys, renamed).(Map)
			}
			d.Headers = replaced(d.Headers, renamed).(Map)
		}
		all.Data = append(all.Data, t)
	}
}

// replaced returns a value with the replacer applied to each text in it.
func replaced(value any, by *strings.Replacer) any {
	switch v := value.(type) {
	case string:
		return by.Replace(v)
	case Map:
		v = slices.Clone(v)
		for i := range v {
			v[i].Key, v[i].Value = by.Replace(v[i].Key), replaced(v[i].Value, by)
		}
		return v
	}
	return inside(value, func(v any) any { return replaced(v, by) })
}
