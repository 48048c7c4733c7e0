package draft_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// shopping is a draft as scripts make it: a login, a group, a tagged task and a limit for a route.
func shopping() *draft.Draft {
	call := func(what string, more ...draft.Entry) draft.Map {
		return append(draft.Map{{Key: "http", Value: what}}, more...)
	}
	save := func(name string) draft.Entry {
		return draft.Entry{Key: "save", Value: draft.Map{{Key: name, Value: name}}}
	}
	uses := func(name string) draft.Entry {
		return draft.Entry{Key: "headers", Value: draft.Map{{Key: "X", Value: "${" + name + "}"}}}
	}
	return &draft.Draft{
		Title: "script.js: 2 tasks", Name: "x", URL: "http://127.0.0.1:1",
		Env:   []draft.Variable{{Name: "PASSWORD", Why: "the script logs in with it"}},
		Files: []draft.File{{Path: "cart.json", Content: []byte("{}")}},
		Gate:  draft.Map{{Key: "degradation", Value: "20%"}, {Key: "thresholds", Value: draft.Block{Value: draft.Map{{Key: "one", Value: []any{"avg<=1s"}}, {Key: "GET /a", Value: []any{"avg<=1s"}}}}}},
		Users: []draft.User{{
			Name:    "u",
			OnStart: []draft.Step{{Keys: call("POST /login", draft.Entry{Key: "json", Value: draft.Map{{Key: "p", Value: "${env.PASSWORD}"}}}, save("token"))}},
			Tasks: []draft.Task{
				{Steps: []draft.Step{{Keys: call("GET /a")}, {Keys: draft.Map{{Key: "wait", Value: "1s"}}}}},
				{Name: "buy", Keys: draft.Map{{Key: "tags", Value: []any{"buy"}}}, Steps: []draft.Step{
					{Keys: draft.Map{{Key: "steps", Value: draft.Block{Value: []any{
						draft.Item{Value: draft.Block{Value: call("GET /items/1", draft.Entry{Key: "name", Value: "one"}, save("sku"))}},
						draft.Item{Value: draft.Block{Value: call("POST /cart", uses("token"), draft.Entry{Key: "body", Value: draft.Map{{Key: "file", Value: "cart.json"}}})}},
					}}}}},
					{Keys: call("GET /sku", uses("sku"))},
				}},
			},
		}},
	}
}

// Only what the user wants is sent. What cannot be sent without the rest is a comment that says why, and what only the
// rest needed is gone.
func TestKeep(t *testing.T) {
	for name, c := range map[string]struct {
		keeps    func(names []string, tags ...string) bool
		routes   string
		comments []string
		lacks    []string
	}{
		"all":      {func([]string, ...string) bool { return true }, "POST /login, GET /a, one, POST /cart, GET /sku", nil, nil},
		"by path":  {func(names []string, _ ...string) bool { return !slices.Contains(names, "GET /items/1") }, "POST /login, GET /a, POST /cart", []string{"# it uses ${sku}, which one saves, and that is left out"}, []string{"one:"}},
		"by route": {func(names []string, _ ...string) bool { return names[0] != "one" }, "POST /login, GET /a, POST /cart", []string{"# it uses ${sku}"}, []string{"one:"}},
		"by tag":   {func(_ []string, tags ...string) bool { return !slices.Contains(tags, "buy") }, "POST /login, GET /a", nil, []string{"buy", "cart", "one"}},
		"login":    {func(names []string, _ ...string) bool { return names[0] != "POST /login" }, "GET /a, one, GET /sku", []string{"# it uses ${token}, which POST /login saves, and that is left out"}, []string{"PASSWORD"}},
		"a group":  {func(names []string, _ ...string) bool { return names[0] == "POST /cart" || names[0] == "GET /a" }, "GET /a", []string{"# none of its steps can be written"}, []string{"GET /sku", "PASSWORD"}},
	} {
		before := shopping()
		d := before.Keep(c.keeps)
		text := d.YAML()
		if got := strings.Join(d.Routes(), ", "); got != c.routes {
			t.Errorf("%s: the routes are %s, want %s", name, got, c.routes)
		}
		for _, comment := range c.comments {
			if !strings.Contains(text, comment) {
				t.Errorf("%s: %q is not in\n%s", name, comment, text)
			}
		}
		for _, gone := range c.lacks {
			if strings.Contains(text, gone) {
				t.Errorf("%s: %q is in\n%s", name, gone, text)
			}
		}
		if name != "all" && !strings.Contains(d.Title, "leave out") {
			t.Errorf("%s: the title is %q", name, d.Title)
		}
		if before.YAML() != shopping().YAML() {
			t.Errorf("%s: Keep has changed the draft", name)
		}
		if name == "by tag" && len(d.Files)+len(d.Env) != 1 {
			t.Errorf("files %v and variables %v are left", d.Files, d.Env)
		}
	}
}

// If all tasks of a user are left out, a note says so and lists the requests of its on_start.
func TestKeepOnlyOnStart(t *testing.T) {
	d := shopping().Keep(func(names []string, _ ...string) bool { return names[0] == "POST /login" })
	if len(d.Users) > 0 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0].String(), "leave the user u no task, only its on_start (POST /login)") {
		t.Errorf("%d users, and the notes are %v", len(d.Users), d.Notes)
	}
	if d := shopping().Keep(func(names []string, _ ...string) bool { return names[0] == "GET /a" }); len(d.Notes) > 0 {
		t.Errorf("the notes are %v, want none", d.Notes)
	}
}

// Routes are those that the profile will have.
func TestRoutes(t *testing.T) {
	for route, keys := range map[string]draft.Map{
		"GET /a":           {{Key: "http", Value: "GET /a"}},
		"mine":             {{Key: "http", Value: "GET /a"}, {Key: "name", Value: "mine"}},
		"a.B/C":            {{Key: "grpc", Value: "a.B/C"}},
		"WS /chat":         {{Key: "websocket", Value: "/chat"}},
		"subscription On":  {{Key: "websocket", Value: "/g"}, {Key: "graphql", Value: "subscription On { on }"}},
		"SSE /events":      {{Key: "sse", Value: "GET /events"}},
		"SSE POST /events": {{Key: "sse", Value: "POST /events"}},
		"query { top }":    {{Key: "graphql", Value: "{ top }"}},
		"mutation B":       {{Key: "graphql", Value: "query A { a } mutation B { b }"}, {Key: "operation", Value: "B"}},
	} {
		if got := (draft.Step{Keys: keys}).Route(); got != route {
			t.Errorf("%v is counted under %q, want %q", keys, got, route)
		}
	}
}
