package coverage

import (
	"fmt"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// A step is compared with the operations that have its method and as many segments, not with all.
func TestKeys(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: http://127.0.0.1/v1}\nusers: [{name: u, tasks: [{http: GET /a/b/c}]}]\n"), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	operations := func(others int) (all []described) {
		add := func(method, path string) {
			one := newTemplate(path, "/v1")
			all = append(all, described{Operation: Operation{Name: method + " " + path}, key: pathKey(method, len(one.segments)), path: &one})
		}
		for i := range others {
			add("POST", fmt.Sprintf("/a/b/{c%d}", i))
			add("GET", fmt.Sprintf("/a/b/c/d/e%d", i))
		}
		add("GET", "/a/b/{c}")
		return all
	}
	work := func(others int) float64 {
		all := operations(others)
		byKey := keyed(all)
		r := requestOf(p.Users[0].Tasks[0].Steps[0].Call, "/v1")
		if found := best(all, byKey, r, "/v1"); len(found) != 1 || found[0] != len(all)-1 {
			t.Fatalf("found %v of %d", found, len(all))
		}
		return testing.AllocsPerRun(5, func() { best(all, byKey, r, "/v1") })
	}
	if few, many := work(1), work(1000); many > few {
		t.Errorf("%v allocations among 3 operations, %v among 2001", few, many)
	}
}
