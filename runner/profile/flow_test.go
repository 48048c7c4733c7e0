package profile_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// TestWhatIsSet reads steps that use a variable. An earlier step or repeat may have unset it.
func TestWhatIsSet(t *testing.T) {
	const (
		perhaps = "may not be set here"
		unset   = "is not set here"
		first   = `{http: GET /, save: {more: {json: next, optional: true}}}, `
		next    = `http: "GET ${more}", save: {more: {json: next, optional: true}}`
	)
	for _, c := range []struct{ why, steps, want string }{
		{"from page to page", first + `{repeat: 10, if: {more: exists}, ` + next + `}`, ""},
		{"a group that asks each time", first + `{repeat: 10, if: {more: exists}, steps: [{` + next + `}]}`, ""},
		{"the group asks only once", first + `{if: {more: exists}, steps: [{repeat: 3, ` + next + `}]}`, perhaps},
		{"used again after it was unset", first + `{if: {more: exists}, steps: [{` + next + `}, {http: "GET ${more}"}]}`, perhaps},
		{"asked again after it was unset", first + `{if: {more: exists}, steps: [{` + next + `}, {if: {more: exists}, http: "GET ${more}"}]}`, ""},
		{"unset by an inner group", first + `{if: {more: exists}, steps: [{if: {more: exists}, steps: [{` + next + `}]}, {http: "GET ${more}"}]}`, perhaps},
		{"set by an inner group", first + `{if: {more: exists}, steps: [{if: {more: exists}, steps: [{http: GET /, save: {more: next}}]}, {http: "GET ${more}"}]}`, ""},
		{"sure at first, not the second time", `{http: GET /, save: {more: next}}, {repeat: 3, ` + next + `}`, perhaps},
		{"sure each time", `{http: GET /, save: {more: next}}, {repeat: 3, http: "GET ${more}", save: {more: next}}`, ""},
		{"once is no repeat", `{http: GET /, save: {more: next}}, {repeat: 1, ` + next + `}`, ""},
		{"saved by the last time", `{repeat: 3, steps: [{if: {tok: exists}, http: "GET /${tok}"}, {http: GET /, save: {tok: t}}]}, {http: "GET /${tok}"}`, ""},
		{"not saved the first time", `{repeat: 3, steps: [{http: "GET /${tok}"}, {http: GET /, save: {tok: t}}]}`, perhaps},
		{"what a step asks for it saves itself", `{repeat: 3, if: {tok: exists}, http: "GET /${tok}", save: {tok: t}}`, unset},
		{"and a group", `{repeat: 3, if: {tok: exists}, steps: [{http: "GET /${tok}", save: {tok: t}}]}`, unset},
		{"an alias that holds for what is unset", first + `{if: {more: *no}, http: "GET ${more}"}`, perhaps},
	} {
		_, problems := profile.Parse("p.yaml", []byte("name: p\nx-no: &no \"!= x\"\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{steps: ["+c.steps+"]}]}]"), profile.Surroundings{})
		if got := problems.Error(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s: got %q, want %q", c.why, c.steps, got, c.want)
		}
	}
}

// TestTasksKeepWhatTheyBeginWith expects an error if a task could unset a variable of later tasks.
func TestTasksKeepWhatTheyBeginWith(t *testing.T) {
	const optional = `{http: GET /, save: {tok: {json: t, optional: true}}}`
	for user, want := range map[string]string{
		`on_start: [{http: GET /, save: {tok: t}}], tasks: [{http: GET /, save: {tok: t}}, {http: "GET /${tok}"}]`: "",
		`on_start: [{http: GET /, save: {tok: t}}], tasks: [` + optional + `, {http: "GET /${tok}"}]`:              "later tasks",
		`on_start: [` + optional + `], tasks: [` + optional + `, {if: {tok: exists}, http: "GET /${tok}"}]`:        "",
		`on_start: [{http: GET /, save: {tok: t}}, ` + optional + `], tasks: [` + optional + `]`:                   "",
		`on_start: [{http: GET /, save: {tok: t}}], tasks: [{http: GET /}], on_stop: [` + optional + `]`:           "",
		`tasks: [{http: GET /, save: {ten: {json: t, optional: true}}}]`:                                           "later tasks",
	} {
		_, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\nsetup: [{http: GET /, save: {ten: id}}]\nusers: [{name: u, "+user+"}]"), profile.Surroundings{})
		if got := problems.Error(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", user, got, want)
		}
	}
}
