package draft_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Two drafts make one profile in which each sends what it would send alone.
func TestJoin(t *testing.T) {
	one := func(path, token string, ids ...any) *draft.Draft {
		return &draft.Draft{
			URL: "http://127.0.0.1:1", Path: path, Headers: draft.Map{{Key: "Accept", Value: "x/y"}, {Key: "X-Token", Value: token}},
			Env:  []draft.Variable{{Name: "TOKEN", Why: "both need it"}},
			Data: []draft.Table{{Name: "ids", Values: ids}},
			Users: []draft.User{{Name: "visitor", Tasks: []draft.Task{{Steps: []draft.Step{
				{Keys: draft.Map{{Key: "http", Value: "GET /pets/${data.ids}"}, {Key: "headers", Value: draft.Map{{Key: "X-Own", Value: "${data.ids}"}}}}},
				{Keys: draft.Map{{Key: "steps", Value: []any{draft.Map{{Key: "http", Value: "GET /b"}}}}}},
			}}}}},
		}
	}
	first, second := one("/v1", "${env.TOKEN}", 1, 2), one("", "b", 7)
	before := first.YAML()
	all := draft.Join(first, second, one("/v1", "${env.TOKEN}", 1, 2))
	all.Name = "x"
	if first.YAML() != before {
		t.Errorf("Join has changed a draft:\n%s", first.YAML())
	}
	p := parse(t, all.YAML())
	var names, calls []string
	for _, u := range p.Users {
		names = append(names, u.Name)
		for _, s := range u.Tasks[0].Steps {
			for _, s := range append(s.Steps, s) {
				if s.Call == nil {
					continue
				}
				h := s.Call.Content.(*profile.HTTP)
				calls = append(calls, h.Route())
				for _, header := range h.Headers {
					calls = append(calls, header.Name+": "+string(header.Value))
				}
			}
		}
	}
	if want := []string{"visitor", "visitor_2", "visitor_3"}; !slices.Equal(names, want) {
		t.Errorf("the users are %v, want %v", names, want)
	}
	want := []string{
		"GET /v1/pets/${data.ids}", "X-Own: ${data.ids}", "X-Token: ${env.TOKEN}", "GET /v1/b", "X-Token: ${env.TOKEN}",
		"GET /pets/${data.ids_2}", "X-Own: ${data.ids_2}", "X-Token: b", "GET /b", "X-Token: b",
		"GET /v1/pets/${data.ids}", "X-Own: ${data.ids}", "X-Token: ${env.TOKEN}", "GET /v1/b", "X-Token: ${env.TOKEN}",
	}
	if !reflect.DeepEqual(calls, want) {
		t.Errorf("the calls are\n%q, want\n%q", calls, want)
	}
	if p.Target.URL != "http://127.0.0.1:1" || len(p.Target.Headers) != 1 || len(p.Data) != 2 || len(all.Env) != 1 {
		t.Errorf("the target is %v, the data %v, the variables %v", p.Target, p.Data, all.Env)
	}
}

// Routes of two sources stay apart, in the table and in limits too. What a source sends with all its requests is not
// sent by the requests of another one.
func TestJoinKeepsApart(t *testing.T) {
	one := func(path string, headers draft.Map) *draft.Draft {
		row := &draft.Row{Operation: "GET /pets/{id}", As: "task"}
		return &draft.Draft{
			URL: "http://127.0.0.1:1", Path: path, Headers: headers, Rows: []*draft.Row{row},
			Users: []draft.User{{Name: "u", Tasks: []draft.Task{{Steps: []draft.Step{
				{Keys: draft.Map{{Key: "http", Value: "GET /pets/7"}, {Key: "name", Value: "GET /pets/{id}"}}, Row: row},
				{Keys: draft.Map{{Key: "http", Value: "GET /health"}}}, {Keys: draft.Map{{Key: "grpc", Value: "a.B/C"}}},
			}}}}},
		}
	}
	first := one("/v1", nil)
	first.Gate = draft.Map{{Key: "thresholds", Value: draft.Block{Value: draft.Map{{Key: "GET /health", Value: []any{"p(95)<1s"}}, {Key: "*", Value: []any{"p(95)<2s"}}}}}}
	all := draft.Join(first, one("/v2", draft.Map{{Key: "Authorization", Value: "x"}}))
	all.Name = "x"
	if got, want := all.Routes(), []string{"GET /v1/pets/{id}", "GET /v1/health", "a.B/C", "GET /v2/pets/{id}", "GET /v2/health"}; !slices.Equal(got, want) {
		t.Errorf("the routes are %q, want %q", got, want)
	}
	if all.Rows[0].Operation != "GET /v1/pets/{id}" || all.Rows[1].Operation != "GET /v2/pets/{id}" {
		t.Errorf("the table is\n%s", all.Table(100))
	}
	text := all.YAML()
	for part, count := range map[string]int{"Authorization: x": 3, "metadata:": 1, "GET /v1/health: [": 1, "the routes that matter": 1} {
		if got := strings.Count(text, part); got != count {
			t.Errorf("%q comes %d times, want %d, in\n%s", part, got, count, text)
		}
	}
}
