package operation_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/operation"
)

func TestMeans(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		tags          []string
		want          bool
	}{
		{"GET *", "GET /pets", nil, true},
		{"get *", "GET /pets", nil, true},
		{"GET *", "POST /pets", nil, false},
		{"GET /pets", "GET /pets/{id}", nil, false},
		{"GET   /pets/{id}", "GET /pets/{id}", nil, true},
		{"* /pets*", "DELETE /pets/{id}", nil, true},
		{"*/pets/*/toys", "GET /pets/{id}/toys", nil, true},
		{"*a*a*", "a", nil, false},
		{"a*a", "a", nil, false},
		{"*", "anything", nil, true},
		{"shop.v1.Search/*", "shop.v1.Search/Query", nil, true},
		{"/pets", "GET /pets", nil, true},
		{"/pets*", "DELETE /pets/{id}", nil, true},
		{"pets", "GET /pets", nil, false},
		{"search", "query search", nil, true},
		{"Search*", "query searchAll", nil, true},
		{"search", "query searchAll", nil, false},
		{"mutation search", "query search", nil, false},
		{"Query", "shop.v1.Search/Query", nil, true},
		{"search/*", "shop.v1.Search/Query", nil, true},
		{"v1.Search/Query", "shop.v1.Search/Query", nil, false},
		{"Search", "shop.v1.Search/Query", nil, false},
		{"tag:admin", "GET /pets", []string{"Admin"}, true},
		{"tag:admin", "GET /admin", []string{"users"}, false},
		{"deprecated", "GET /pets", []string{"deprecated"}, true},
		{"deprecated", "deprecated", nil, false},
	} {
		if got := operation.Means(c.pattern, c.name, c.tags...); got != c.want {
			t.Errorf("%q means %q with the tags %q: %v, want %v", c.pattern, c.name, c.tags, got, c.want)
		}
	}
}

func TestChoice(t *testing.T) {
	check := func(only, skip []string, name string, want bool) {
		t.Helper()
		choice, err := operation.Choose(only, skip)
		if err != nil || choice.Keeps(name, "public") != want {
			t.Errorf("only %q without %q keeps %s: %v (%v), want %v", only, skip, name, !want, err, want)
		}
	}
	check(nil, nil, "GET /", true)
	check([]string{"GET *"}, nil, "GET /", true)
	check([]string{"GET *"}, nil, "POST /", false)
	check([]string{"POST *", "GET /"}, []string{"tag:public"}, "GET /", false)
	check(nil, []string{"POST *"}, "GET /", true)
	for _, wrong := range []string{"", " ", "tag:"} {
		if _, err := operation.Choose([]string{wrong}, nil); err == nil {
			t.Errorf("the pattern %q is accepted", wrong)
		}
	}
}
