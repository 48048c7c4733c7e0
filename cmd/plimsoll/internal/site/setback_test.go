package site_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// until undoes a change from a run on.
func until(end int, c change) change {
	return func(n int, r *baseline.Record) {
		if n < end {
			c(n, r)
		}
	}
}

// setbacksOf are the setbacks of n daily runs, with the falls that stand.
func setbacksOf(n int, changes ...change) (g *site.Group, standing []site.Setback) {
	g = site.Build(records(n, 24*time.Hour, shop, changes...), options()).Groups[0]
	for _, s := range g.Setbacks() {
		if s = s.Standing(); len(s.Falls) > 0 {
			standing = append(standing, s)
		}
	}
	return g, standing
}

// Everything that one commit made worse is one setback.
func TestSetback(t *testing.T) {
	g, all := setbacksOf(50, slower(30, "POST /orders", 1.28), slower(30, "GET /items", 1.5), func(n int, r *baseline.Record) {
		if n >= 30 {
			r.ProfileDigest = "d2"
			r.Summary.Readings = map[string]float64{"system.rss_bytes": 3e8} // that is better
		}
	})
	if len(all) != 1 || len(all[0].Falls) != 2 {
		t.Fatalf("got %+v", all)
	}
	s := all[0]
	if want := g.Records[30]; s.Run.ID != want.ID || s.Before != g.Records[29].Commit || !s.Profile {
		t.Errorf("it begins at %s, after %s, profile changed %v; want %s", s.Run.Commit, s.Before, s.Profile, want.Commit)
	}
	f := s.Falls[0]
	if f.Route != "GET /items" || f.Figure != "p95" || f.Commit != s.Run.Commit || !f.Since.Equal(s.Run.Started) || !strings.HasPrefix(f.Change, "+") || f.After < 1.4*f.Before || f.Was == f.Is {
		t.Errorf("the worst is %+v", f)
	}
	if want := site.RoutePath("shop", "acme/shop", "main", "GET /items") + "#p95"; f.Page != want {
		t.Errorf("its page is %s, want %s", f.Page, want)
	}
	if again := site.Build(g.Records, options()).Groups[0].Setbacks()[0]; again.Falls[0].ID != f.ID || again.Falls[1].ID == f.ID {
		t.Errorf("the lines are %s and %s, before %s", again.Falls[0].ID, again.Falls[1].ID, f.ID)
	}
	if other := g.From(s, g.Records[28].ID); other.Run.ID != g.Records[28].ID || other.Before != g.Records[27].Commit || other.Profile {
		t.Errorf("told from another run: %+v", other)
	}
}

// What begins some runs apart is two setbacks, and the newest comes first.
func TestSetbacksOfTwoCommits(t *testing.T) {
	_, all := setbacksOf(60, slower(20, "POST /orders", 1.28), slower(40, "GET /items", 1.5))
	if len(all) != 2 || all[0].Falls[0].Route != "GET /items" || all[1].Falls[0].Route != "POST /orders" {
		t.Errorf("got %+v", all)
	}
	_, all = setbacksOf(60, slower(20, "POST /orders", 1.28), slower(40, "POST /orders", 1.28))
	if len(all) != 2 || all[0].Falls[0].After < all[1].Falls[0].After {
		t.Errorf("of one figure: %+v", all)
	}
}

// Two environments in turn show the same commit.
func TestSetbackInTwoEnvironments(t *testing.T) {
	g, all := setbacksOf(80, func(n int, r *baseline.Record) {
		if n%2 == 1 {
			r.Environment, r.Summary.Environment.CPUCores = "large", 8
			for route, f := range r.Summary.Figures {
				f.P95 /= 2
				r.Summary.Figures[route] = f
			}
		}
	}, slower(40, "POST /orders", 1.4))
	if len(all) != 1 || len(all[0].Falls) != 2 || all[0].Falls[0].Environment == all[0].Falls[1].Environment || all[0].Falls[0].ID == all[0].Falls[1].ID {
		t.Fatalf("got %+v", all)
	}
	if all[0].Run.ID != g.Records[40].ID || all[0].Before != g.Records[38].Commit {
		t.Errorf("it begins at %s after %s", all[0].Run.Commit, all[0].Before)
	}
}

func TestSetbacksThatAreOver(t *testing.T) {
	accepted := func(n int, r *baseline.Record) {
		if n == 33 {
			r.Accepted = &baseline.Mark{By: "ana", Why: "taxes", At: began}
		}
	}
	excluded := func(n int, r *baseline.Record) {
		if n >= 30 {
			r.Excluded = &baseline.Mark{By: "ana", Why: "the disk was full", At: began}
		}
	}
	worse := slower(30, "POST /orders", 1.4)
	for name, changes := range map[string][]change{
		"better":                        {slower(30, "POST /orders", 0.7)},
		"noise":                         nil,
		"accepted":                      {worse, accepted},
		"excluded":                      {worse, excluded},
		"taken back, as a step shows":   {until(45, worse)},
		"taken back, as few runs show":  {until(55, worse)},
		"taken back, then slower again": {until(40, worse), slower(57, "POST /orders", 1.4)},
	} {
		if _, all := setbacksOf(60, changes...); len(all) > 0 {
			t.Errorf("%s: %+v", name, all)
		}
	}
	for name, changes := range map[string][]change{
		"lasts":              {worse},
		"taken back by half": {until(45, worse), slower(45, "POST /orders", 1.2)},
		"a single fast run": {func(n int, r *baseline.Record) {
			if n != 58 {
				worse(n, r)
			}
		}},
	} {
		if _, all := setbacksOf(60, changes...); len(all) != 1 || all[0].Run.Started != began.AddDate(0, 0, 30) {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

// A setback is known again by the instant of its first run, though a noisy figure begins it some runs early or late.
func TestIsAt(t *testing.T) {
	g, all := setbacksOf(60, slower(30, "POST /orders", 1.4))
	if len(all) != 1 {
		t.Fatalf("got %+v", all)
	}
	for run, want := range map[int]bool{0: false, 23: false, 24: true, 30: true, 36: true, 37: false, 59: false} {
		at := g.Records[run].Started
		if got := g.IsAt(all[0], at); got != want {
			t.Errorf("at run %d: %v", run, got)
		}
		if got := g.Near(all[0].Run.ID, at); got != want {
			t.Errorf("near run %d: %v", run, got)
		}
	}
	before := g.Records[0].Started.Add(-time.Hour)
	if g.IsAt(all[0], before) || g.Near(g.Records[3].ID, before) || g.Near("none", before) {
		t.Error("what is out of sight is near")
	}
}

func TestAcceptedAt(t *testing.T) {
	mark := func(at int) change {
		return func(n int, r *baseline.Record) {
			if n == at {
				r.Accepted = &baseline.Mark{By: "ana", Why: "taxes", At: began}
			}
		}
	}
	for accepted, want := range map[int]bool{10: false, 23: false, 24: true, 30: true, 50: true} {
		g, _ := setbacksOf(60, mark(accepted))
		if info, is := g.AcceptedAt(g.Records[30].Started); is != want || is && info.ID != g.Records[accepted].ID {
			t.Errorf("run %d accepted: %v", accepted, is)
		}
	}
	g, _ := setbacksOf(60, mark(30), func(n int, r *baseline.Record) {
		if n == 30 {
			r.Excluded = &baseline.Mark{By: "ana", Why: "the disk was full", At: began}
		}
	})
	if _, is := g.AcceptedAt(g.Records[30].Started); is {
		t.Error("the acceptance of an excluded run counts")
	}
}

// Now tells the level of a line, by its ID, in its own environment.
func TestNow(t *testing.T) {
	worse := slower(30, "POST /orders", 1.4)
	_, all := setbacksOf(50, worse)
	f := all[0].Falls[0]
	for name, test := range map[string]struct {
		n           int
		changes     []change
		known, back bool
	}{
		"still slow":        {50, []change{worse}, true, false},
		"four fast runs":    {54, []change{until(50, worse)}, true, false},
		"five fast runs":    {55, []change{until(50, worse)}, true, true},
		"too few since":     {34, []change{worse}, false, false},
		"elsewhere":         {50, []change{func(n int, r *baseline.Record) { r.Environment = "large" }}, false, false},
		"without the route": {50, []change{func(n int, r *baseline.Record) { delete(r.Summary.Figures, "POST /orders") }}, false, false},
	} {
		g, _ := setbacksOf(test.n, test.changes...)
		now, known := g.Now(f.ID, f.Before, f.After, f.Since)
		if known != test.known || now.Back != test.back || known && (now.Route != "POST /orders" || now.Figure != "p95" || now.Is == "") {
			t.Errorf("%s: %+v, known %v", name, now, known)
		}
	}
}

// The badge tells no step that was taken back, and one that still stands after another environment has changed.
func TestBadgeAfterAStepWasTakenBack(t *testing.T) {
	worse := slower(30, "POST /orders", 1.4)
	for name, test := range map[string]struct {
		changes []change
		told    bool
	}{
		"lasts":              {[]change{worse}, true},
		"taken back":         {[]change{until(40, worse)}, false},
		"few runs":           {[]change{until(46, worse)}, false},
		"taken back by half": {[]change{until(40, worse), slower(40, "POST /orders", 1.2)}, true},
	} {
		g := site.Build(records(52, 24*time.Hour, shop, test.changes...), options()).Groups[0]
		if got := text(t, g.Badge); strings.Contains(got, "POST /orders p95 +") != test.told {
			t.Errorf("%s: the badge says\n%s", name, got)
		}
	}
}

// The order of records and other groups changes nothing.
func TestSetbacksDependOnTheGroupAlone(t *testing.T) {
	all := records(50, 24*time.Hour, shop, slower(30, "POST /orders", 1.28), slower(30, "GET /items", 1.5))
	want := site.Build(all, options()).Groups[0].Setbacks()
	other := records(50, 24*time.Hour, shop, func(_ int, r *baseline.Record) { r.Branch = "feature" })
	mixed := append(slices.Clone(all), other...)
	slices.Reverse(mixed)
	got := site.Build(mixed, options()).Group(site.Slug("shop", "acme/shop", "main")).Setbacks()
	if len(got) != 1 || len(want) != 1 || !slices.Equal(got[0].Falls, want[0].Falls) || got[0].Run.ID != want[0].Run.ID {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
