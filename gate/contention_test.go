package gate

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A faster route brings its users back sooner, which puts slower routes into doubt.
func TestAddedLoad(t *testing.T) {
	type load struct {
		users          int
		before, now    int64 // requests of each route
		busy           bool
		ignored, stays bool // /a is ignored; it is no faster
	}
	usual := load{users: 10, before: 1000, now: 2200}
	with := func(change func(*load)) load { l := usual; change(&l); return l }
	for _, c := range []struct {
		name string
		load load
		b, c float64 // ms after 1 and 0.1 ms
		want string
	}{
		{"as slow as the load makes them", usual, 2.7, 0.3, "unclear, unclear, follows"},
		{"a quick route waits for others", usual, 2.7, 1.7, "unclear, unclear, follows"},
		{"slower by more", usual, 20, 0.3, "worse, follows, follows"},
		{"in the open model", with(func(l *load) { l.users = 0 }), 2.7, 0.3, "worse, follows, follows"},
		{"hardly more requests", with(func(l *load) { l.now = 1050 }), 1.4, 0.3, "worse, worse, follows"},
		{"and a machine that is busy", with(func(l *load) { l.now, l.busy = 1050, true }), 9, 0.9, "unclear, unclear, follows"},
		{"fewer requests, on a machine that is busy", with(func(l *load) { l.now, l.busy = 990, true }), 9, 0.9, "worse, follows, follows"},
		{"the faster route is ignored", with(func(l *load) { l.ignored = true }), 2.7, 0.3, "unclear, unclear, follows"},
		{"nothing is faster", with(func(l *load) { l.stays = true }), 2.7, 0.3, "worse, follows, follows"},
	} {
		at := func(route string, before, now float64) row {
			status := Worse
			if now < before {
				status = Within
			}
			change := now/before - 1
			return row{Comparison: Comparison{Route: route, Metric: P50, Status: status, Baseline: 1e6 * before, Change: change, Limit: 0.2, Interval: &Range{change - 0.05, change + 0.05}}}
		}
		was, is := map[string]counts{}, map[string]counts{}
		for route, mean := range map[string]float64{"a": 40, "b": 1, "c": 0.1} {
			was[route], is[route] = counts{requests: c.load.before, mean: 1e6 * mean}, counts{requests: c.load.now, mean: 1e6 * mean}
		}
		rows := []row{at("b", 1, c.b), at("c", 0.1, c.c), at(tally.All, 1, 1.5)}
		p := DefaultPolicy()
		switch {
		case c.load.ignored:
			p.Routes = map[string]RoutePolicy{"a": {Ignore: true}}
			is["a"] = counts{requests: c.load.now, mean: 5e6}
		case !c.load.stays:
			rows = append(rows, at("a", 40, 5))
		}
		s := &sides{p: p, users: c.load.users, saturated: c.load.busy, before: side{rounds: 1, routes: was}, now: side{rounds: 1, routes: is}}
		var got []string
		for _, r := range attribute(s, rows)[:3] {
			got = append(got, r.Status.String())
			if r.Status == Unclear && (r.Why == nil || r.Why.Kind != MoreLoad || !slices.Equal(r.Why.Routes, []string{"a"})) {
				t.Errorf("%s: %s is unclear because of %+v", c.name, r.Route, r.Why)
			}
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}
