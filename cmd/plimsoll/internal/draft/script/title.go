package script

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// Title is one line about what was read.
func Title(name string, d *draft.Draft) string {
	tasks, requests, off := 0, 0, 0
	count := func(steps []draft.Step) {
		for _, s := range steps {
			requests += countCalls(s.Keys)
			if s.Off != "" {
				off++
			}
		}
	}
	for _, u := range d.Users {
		count(u.OnStart)
		count(u.OnStop)
		for _, t := range u.Tasks {
			tasks++
			count(t.Steps)
		}
	}
	text := fmt.Sprintf("%s: %s, %s, %s", name, several(len(d.Users), "kind of user", "kinds of users"), several(tasks, "task", "tasks"), several(requests, "request", "requests"))
	if off > 0 {
		text += fmt.Sprintf(" (%d of them as comments)", off)
	}
	if n := len(d.Notes); n > 0 {
		text += "; " + several(n, "line needs a look", "lines need a look")
	}
	return text
}

// countCalls counts the requests of a step.
func countCalls(value any) (n int) {
	switch v := value.(type) {
	case draft.Map:
		switch v[0].Key {
		case "http", "grpc", "websocket", "graphql", "sse":
			return 1
		case "steps":
			return countCalls(v[0].Value)
		}
	case draft.Block:
		return countCalls(v.Value)
	case []any:
		for _, item := range v {
			n += countCalls(item)
		}
	case draft.Item:
		return countCalls(v.Value)
	}
	return n
}

func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
