package locust

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// Attribute knows answers, users and TaskSets.
func (l *library) Attribute(m *script.Machine, at script.At, of script.Value, name string) (script.Value, bool) {
	switch of := of.(type) {
	case *script.Answer:
		return l.answer(of, name)
	case string:
		return l.pathAttribute(of, name)
	case *script.Object:
		if !of.Class.Inherits(append([]string{"TaskSet", "SequentialTaskSet", "TaskSequence", "MarkovTaskSet", "User", "Locust"}, userClasses...)...) {
			return nil, false
		}
		if _, own := of.Fields.Get(name); own {
			return nil, false
		}
		if _, _, inherited := of.Class.Field(name); inherited {
			return nil, false
		}
		return l.own(of, name)
	case *script.Super:
		if object, is := of.Of.(*script.Object); is {
			return l.own(object, name)
		}
	}
	return nil, false
}

// own holds the attributes that Locust gives users and TaskSets.
func (l *library) own(of *script.Object, name string) (script.Value, bool) {
	switch name {
	case "interrupt":
		return nothing(name), true
	case "stop":
		return telling(name, endsUser), true
	case "wait", "schedule_task":
		return native(name, func(c *script.Invocation) script.Value {
			c.M.Note(c.At, "%s inside a task is not followed, and is left out", name)
			return nil
		}), true
	case "environment":
		return environment(), true
	case "host":
		return "", true
	case "rest", "rest_":
		client, _ := of.Fields.Get("client")
		return asking(name, func(c *script.Invocation) script.Value {
			if n, is := client.(*script.Native); is {
				return l.request(c, n, strings.ToUpper(c.Text(0, "method")), c.Arg(1, "url"), 2)
			}
			return nil
		}), true
	}
	return nil, false
}

// answer is an attribute of an answer.
func (l *library) answer(a *script.Answer, name string) (script.Value, bool) {
	switch name {
	case "status_code":
		return a.Part(script.OfStatus, ""), true
	case "ok":
		return a.OK(), true
	case "json":
		return native(name, func(*script.Invocation) script.Value { return a.Part(script.OfJSON, "") }), true
	case "js":
		return a.Part(script.OfJSON, ""), true
	case "text", "content":
		return a.Part(script.OfBody, ""), true
	case "headers":
		return a.Part(script.OfHeader, ""), true
	case "cookies":
		return a.Part(script.OfCookie, ""), true
	case "elapsed":
		return &script.Native{Name: name, Has: map[string]script.Value{
			"total_seconds": native(name, func(*script.Invocation) script.Value { return a.Part(script.OfTime, "s") }),
			"seconds":       a.Part(script.OfTime, "s"),
		}}, true
	case "failure", "success", "raise_for_status", "close", "__enter__", "__exit__":
		return nothing(name), true
	case "request_meta", "request", "history", "reason", "error", "encoding":
		return &script.Unknown{Why: "the " + name + " of an answer"}, true
	}
	return nil, false
}
