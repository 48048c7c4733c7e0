package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Keep returns the draft without the calls that the user does not want. It asks keeps about each call. names has the
// route, and also the method and path if they differ from it, such as GET /pets/7. tags are those of the call's task. A
// step that needs a value from a removed call becomes a comment.
func (d *Draft) Keep(keeps func(names []string, tags ...string) bool) *Draft {
	kept := d.Copy()
	k := keeper{keeps: keeps}
	all := scope{map[string]bool{}, map[string]string{}}
	kept.Setup = k.list(kept.Setup, nil, all)
	for i := range kept.Users {
		u := &kept.Users[i]
		own := all.clone()
		u.OnStart = k.list(u.OnStart, nil, own)
		for j := range u.Tasks {
			t := &u.Tasks[j]
			t.Steps = k.list(t.Steps, tagsOf(t.Keys), own.clone())
		}
		u.Tasks = slices.DeleteFunc(u.Tasks, func(t Task) bool { return !hasCalls(t.Steps) })
		u.OnStop = k.list(u.OnStop, nil, own.clone())
	}
	kept.Users = slices.DeleteFunc(kept.Users, func(u User) bool {
		if len(u.Tasks) == 0 && hasCalls(u.OnStart) {
			kept.Notes = append(slices.Clip(kept.Notes), Note{Text: fmt.Sprintf("--only and --skip leave the user %s no task, only its on_start (%s); a user needs a task, so it is left out", u.Name, routesOf(u.OnStart))})
		}
		return len(u.Tasks) == 0
	})
	kept.Teardown = k.list(kept.Teardown, nil, all)
	if k.removed > 0 {
		kept.Title += fmt.Sprintf("\n  --only and --skip leave out %d of %d requests", k.removed, k.calls)
		kept.dropUnused()
	}
	return kept
}

// routesOf lists the routes of the calls in a list of steps.
func routesOf(steps []Step) string {
	d := Draft{Users: []User{{OnStart: steps}}}
	return strings.Join(d.Routes(), ", ")
}

// keeper removes calls from lists of steps.
type keeper struct {
	keeps          func(names []string, tags ...string) bool
	calls, removed int
}

// scope holds the variables that the steps so far save, and for each variable that no step saves any more, why.
type scope struct {
	saved map[string]bool
	gone  map[string]string
}

func (in scope) clone() scope { return scope{maps.Clone(in.saved), maps.Clone(in.gone)} }

// tagsOf are the tags of a task.
func tagsOf(keys Map) (tags []string) {
	list, _ := unblocked(keys.Get("tags")).([]any)
	for _, tag := range list {
		if text, is := tag.(string); is {
			tags = append(tags, text)
		}
	}
	return tags
}

// hasCalls reports whether a step calls something, be it only in a comment.
func hasCalls(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Calls() > 0 || s.Off != "" })
}

// list removes the calls that are not kept from a list of steps.
func (k *keeper) list(steps []Step, tags []string, in scope) (kept []Step) {
	for _, s := range steps {
		keys, why, ok := k.step(s.Keys, tags, in, s.Off != "")
		if !ok {
			continue
		}
		if s.Keys = keys; s.Off == "" {
			s.Off = why
		}
		kept = append(kept, s)
	}
	return kept
}

// step removes the calls that are not kept from one step. ok is false if nothing is left. If the step can only be a
// comment, why is the reason. off tells that it is a comment already.
func (k *keeper) step(keys Map, tags []string, in scope, off bool) (kept Map, why string, ok bool) {
	s := Step{Keys: keys}
	if word, _ := s.Word(); word == "wait" {
		return keys, "", true
	}
	if !s.IsCall() {
		return k.group(keys, tags, in, off)
	}
	gone := s.Route() + " saves, and that is left out"
	k.calls++
	if ok = k.keeps(s.names(), tags...); !ok {
		k.removed++
	} else if why = in.missing(keys); why == "" && !off {
		for _, name := range saves(keys) {
			in.saved[name] = true
		}
		return keys, "", true
	}
	if ok {
		gone = s.Route() + " saves, and that is a comment"
	}
	for _, name := range saves(keys) {
		if !in.saved[name] {
			in.gone[name] = gone
		}
	}
	return keys, why, ok
}

// group is step for a group of steps.
func (k *keeper) group(keys Map, tags []string, in scope, off bool) (kept Map, why string, ok bool) {
	kept = slices.Clone(keys)
	at := slices.IndexFunc(kept, func(e Entry) bool { return e.Key == "steps" })
	if at < 0 {
		return keys, "", true
	}
	var asks Map
	if conditions, is := keys.Get("if").(Map); is {
		asks = Map{{Key: "if", Value: conditions}}
	}
	why = in.missing(asks)
	var left []any
	items, _ := unblocked(kept[at].Value).([]any)
	for _, value := range items {
		item, is := value.(Item)
		if !is {
			item.Value = value
		}
		inner, is := unblocked(item.Value).(Map)
		if !is {
			continue
		}
		inner, reason, some := k.step(inner, tags, in, off || why != "" || item.Off)
		if !some {
			continue
		}
		if item.Value = (Block{inner}); reason != "" && !item.Off {
			item.Off, item.Above = true, joined(item.Above, reason)
		}
		left = append(left, item)
	}
	kept[at].Value = Block{left}
	switch calls := (Step{Keys: kept}).Calls(); {
	case calls > 0:
		return kept, why, true
	case !slices.ContainsFunc(left, func(v any) bool { return v.(Item).Off }):
		return nil, "", false
	}
	for i := range left { // one # is enough
		item := left[i].(Item)
		item.Off = false
		left[i] = item
	}
	return kept, "none of its steps can be written", true
}

// missing names the first variable that a step uses and no step saves any more; empty if there is none.
func (in scope) missing(keys Map) (why string) {
	see := func(name string) {
		if gone := in.gone[name]; why == "" && gone != "" && !in.saved[name] {
			why = fmt.Sprintf("it uses ${%s}, which %s", name, gone)
		}
	}
	Texts(keys, func(text string) {
		for _, part := range profile.Template(text).Parts() {
			see(part.Variable)
		}
	})
	asked(keys, see)
	return why
}

// saves are the variables that a call saves, those of its messages among them.
func saves(keys Map) (names []string) {
	if saved, is := unblocked(keys.Get("save")).(Map); is {
		for _, e := range saved {
			names = append(names, e.Key)
		}
	}
	messages, _ := unblocked(keys.Get("messages")).([]any)
	for _, message := range messages {
		if item, is := message.(Item); is {
			message = item.Value
		}
		if inner, is := unblocked(message).(Map); is {
			names = append(names, saves(inner)...)
		}
	}
	return names
}

// dropUnused removes what only removed steps needed: variables of the environment, files, and limits of routes.
func (d *Draft) dropUnused() {
	routes := d.Routes()
	if limits, is := unblocked(d.Gate.Get("thresholds")).(Map); is {
		d.Gate = slices.Clone(d.Gate)
		limits = slices.DeleteFunc(slices.Clone(limits), func(e Entry) bool { return e.Key != "*" && !slices.Contains(routes, e.Key) })
		d.Gate.Set("thresholds", Block{limits})
		if len(limits) == 0 {
			d.Gate = slices.DeleteFunc(d.Gate, func(e Entry) bool { return e.Key == "thresholds" })
		}
	}
	var b strings.Builder
	Texts(d.Map(), func(text string) { b.WriteString(text + "\n") })
	text := b.String()
	d.Env = slices.DeleteFunc(slices.Clone(d.Env), func(v Variable) bool { return !strings.Contains(text, "${env."+v.Name+"}") })
	d.Files = slices.DeleteFunc(slices.Clone(d.Files), func(f File) bool { return !strings.Contains(text, f.Path) })
}
