package draft

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// Route is the name that the step's call is counted under, as the profile will name it; empty for no call.
func (s Step) Route() string {
	word, value := s.Word()
	if name, named := s.Keys.Get("name").(string); named && s.IsCall() {
		return name
	}
	switch word {
	case "http", "grpc":
		return value
	case "websocket":
		if label := label(s.Keys); label != "" {
			return label
		}
		return "WS " + value
	case "sse":
		return "SSE " + strings.TrimPrefix(value, "GET ")
	case "graphql":
		if label := label(s.Keys); label != "" {
			return label
		}
		return "query"
	}
	return ""
}

// names are the names by which a user may know a call: its route, and what it begins with.
func (s Step) names() []string {
	route := s.Route()
	if word, value := s.Word(); word == "http" && value != route {
		return []string{route, value}
	}
	return []string{route}
}

// label is the kind and the name of the GraphQL operation of a call; empty if it has none that can be read.
func label(keys Map) string {
	document, _ := keys.Get("graphql").(string)
	name, _ := keys.Get("operation").(string)
	o, _ := graphql.Parse([]graphql.Source{{Text: document}}, name, nil)
	if o == nil {
		return ""
	}
	return o.Label()
}

// Off lists the calls of users that are only comments, each with the reason.
func (d *Draft) Off() (reasons []string) {
	users := Draft{Users: d.Users}
	for s := range users.steps() {
		if s.Off != "" {
			reasons = append(reasons, OneLine(s.Route()+": "+s.Off))
		}
	}
	return reasons
}

// Routes are the routes of what users do, in order, each once.
func (d *Draft) Routes() (routes []string) {
	users := Draft{Users: d.Users}
	for s := range users.steps() {
		if s.Off == "" {
			eachCall(s.Keys, func(keys Map) { routes = append(routes, Step{Keys: keys}.Route()) })
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(routes, func(route string) bool {
		known := seen[route]
		seen[route] = true
		return known
	})
}

// eachCall calls see for each call of a step or of a list of steps that is done, those in groups among them.
func eachCall(value any, see func(Map)) {
	switch v := unblocked(value).(type) {
	case Map:
		if (Step{Keys: v}).IsCall() {
			see(v)
			return
		}
		eachCall(v.Get("steps"), see)
	case Item:
		if !v.Off {
			eachCall(v.Value, see)
		}
	case []any:
		for _, item := range v {
			eachCall(item, see)
		}
	}
}
