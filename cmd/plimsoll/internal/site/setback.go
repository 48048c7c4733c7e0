package site

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// A line's present level is the median of its newest presentRuns runs in one environment. Fewer than leastPresent say
// nothing: half of them could be outliers.
const (
	presentRuns  = 8
	leastPresent = 5
)

// leastApart is how many runs two steps of one line are apart at least: at stepLevel, the test finds none with fewer on a
// side. What begins fewer runs apart may have begun at once, since a noisy figure's step is found some runs early or late.
const leastApart = 7

// Setback is what got worse at about one run of a group and was not taken back by a later step.
type Setback struct {
	Run     baseline.Record // at which most of its falls begin; of several such runs the oldest
	Before  string          // the commit of the run before it in its environment; empty for none
	Profile bool            // the profile changed in that run
	Falls   []Fall          // the largest change first
}

// Fall is a step to the worse of one line in one environment. Its texts may be hostile.
type Fall struct {
	ID            string // of the line in this environment: 16 hexadecimal digits, the same in every history
	Route, Figure string // in words
	Environment   string // in words
	Page          string // of the route, relative to the overview, with the figure's anchor
	Before, After float64
	Was, Is       string    // Before and After with their unit
	Change        string    // from Before to After, in percent
	Commit        string    // of the run at which it begins
	Since         time.Time // when that run began
	Back          bool      // the newest runs are at the level before it again; they are too few for a step

	run int
}

// Standing is the setback with those of its falls that are not back.
func (s Setback) Standing() Setback {
	s.Falls = slices.DeleteFunc(slices.Clone(s.Falls), func(f Fall) bool { return f.Back })
	return s
}

// fall is a Fall before it is put into words.
type fall struct {
	route Route
	Metric
	Step
	back bool
}

// falls are the steps to the worse that no later step has taken back and nobody has accepted.
func (g *Group) falls() (all []fall) {
	for n, m := range g.lines() {
		route := g.Routes[n]
		steps := g.stepsOf(route, m)
		if len(steps) == 0 {
			continue
		}
		l := g.line(route.Name, m)
		for i, s := range steps {
			environment := g.environment[s.Run]
			taken := slices.ContainsFunc(steps[i+1:], func(later Step) bool {
				return g.environment[later.Run] == environment && m.isBack(s.Before, s.After, later.After)
			})
			if !s.Worse || taken || g.acceptedSince(s.Run) {
				continue
			}
			now, known := g.present(l, environment, g.Records[s.Run].Started)
			all = append(all, fall{route, m, s, known && m.isBack(s.Before, s.After, now)})
		}
	}
	return all
}

// present is the present level of a line in an environment, from runs that began at an instant or later.
func (g *Group) present(l Line, environment int, since time.Time) (level float64, known bool) {
	var newest []float64
	for i, v := range slices.Backward(l.Values) {
		if len(newest) == presentRuns || g.Records[i].Started.Before(since) {
			break
		}
		if g.counts(i, environment) && v > 0 && !math.IsInf(v, 0) {
			newest = append(newest, v)
		}
	}
	if len(newest) < leastPresent {
		return 0, false
	}
	return stats.Median(newest), true
}

// counts reports whether a run is one of an environment and not excluded.
func (g *Group) counts(run, environment int) bool {
	return g.environment[run] == environment && g.Records[run].Excluded == nil
}

// isBack reports whether a level is that before a step to the worse again: it is nearer to it than to the level after the
// step, and the difference to it would be no step.
func (m Metric) isBack(before, after, now float64) bool {
	worse := math.Log(now / before)
	if m.Higher {
		worse = -worse
	}
	return worse < min(math.Log1p(leastStep), math.Abs(math.Log(after/before))/2)
}

// Setbacks returns what got worse in the group, was not taken back by a later step and not accepted, the newest first.
// Falls that begin fewer than leastApart runs of their environment apart belong together.
func (g *Group) Setbacks() (all []Setback) {
	rest := g.falls()
	for len(rest) > 0 {
		times := map[int]int{}
		for _, f := range rest {
			times[f.Run]++
		}
		run := slices.MinFunc(rest, func(a, b fall) int {
			return cmp.Or(cmp.Compare(times[b.Run], times[a.Run]), cmp.Compare(a.Run, b.Run))
		}).Run
		var together, others []fall
		for _, f := range rest {
			if g.near(f.Run, g.Records[run].Started) {
				together = append(together, f)
			} else {
				others = append(others, f)
			}
		}
		all, rest = append(all, g.setback(run, together)), others
	}
	slices.SortStableFunc(all, func(a, b Setback) int { return b.Run.Started.Compare(a.Run.Started) })
	return all
}

func (g *Group) setback(run int, falls []fall) Setback {
	slices.SortStableFunc(falls, func(a, b fall) int {
		return cmp.Compare(math.Abs(math.Log(b.After/b.Before)), math.Abs(math.Log(a.After/a.Before)))
	})
	s := g.from(Setback{}, run)
	for _, f := range falls {
		first := &g.Records[f.Run]
		s.Falls = append(s.Falls, Fall{
			ID: lineID(f.route.Name, f.Key, first.Environment), Route: f.route.text(), Figure: f.Name, Environment: g.Environments[g.environment[f.Run]],
			Page:   Dir + "/" + g.Slug + "/" + f.route.Slug + ".html#" + f.Key,
			Before: f.Before, After: f.After, Was: f.text(f.Before), Is: f.text(f.After), Change: change(f.Before, f.After),
			Commit: first.Commit, Since: first.Started, Back: f.back, run: f.Run,
		})
	}
	return s
}

// From returns a setback as if it began at another run, if the group has that run.
func (g *Group) From(s Setback, id string) Setback {
	if run := g.index(id); run >= 0 {
		return g.from(s, run)
	}
	return s
}

func (g *Group) from(s Setback, run int) Setback {
	s.Run, s.Before, s.Profile = g.Records[run], "", false
	for i := run - 1; i >= 0; i-- {
		if g.environment[i] == g.environment[run] {
			s.Before, s.Profile = g.Records[i].Commit, g.Records[i].ProfileDigest != g.Records[run].ProfileDigest
			break
		}
	}
	return s
}

// index finds a run by its ID; -1 for none.
func (g *Group) index(id string) int {
	return slices.IndexFunc(g.Records, func(r baseline.Record) bool { return r.ID == id })
}

// Run finds a run by its ID.
func (g *Group) Run(id string) (baseline.Record, bool) {
	if i := g.index(id); i >= 0 {
		return g.Records[i], true
	}
	return baseline.Record{}, false
}

// lineID is the ID of a line in an environment.
func lineID(route, metric, class string) string { return slug("", route, metric, class) }

// near reports whether a run began fewer than leastApart runs of its environment before or after an instant.
func (g *Group) near(run int, at time.Time) bool {
	return g.between(g.Records[run].Started, at, func(i int) bool { return g.counts(i, g.environment[run]) }) < leastApart
}

// between counts runs from the earlier of two instants to just before the later one.
func (g *Group) between(from, to time.Time, counts func(run int) bool) (n int) {
	if from.After(to) {
		from, to = to, from
	}
	for i := range g.Records {
		if began := g.Records[i].Started; counts(i) && !began.Before(from) && began.Before(to) {
			n++
		}
	}
	return n
}

// IsAt reports whether any fall of one of the group's setbacks begins at about an instant.
func (g *Group) IsAt(s Setback, at time.Time) bool {
	return slices.ContainsFunc(s.Falls, func(f Fall) bool { return g.near(f.run, at) })
}

// Near reports whether a run of the group began at about an instant. It is false for runs and instants that are out of
// the group's sight.
func (g *Group) Near(id string, at time.Time) bool {
	run := g.index(id)
	return run >= 0 && !at.Before(g.Records[0].Started) && g.near(run, at)
}

// AcceptedAt finds the acceptance that covers a step at an instant: the accepted run is later, or began fewer than
// leastApart runs before.
func (g *Group) AcceptedAt(at time.Time) (accepted baseline.Info, is bool) {
	all := func(run int) bool { return g.Records[run].Excluded == nil }
	for i := range slices.Backward(g.Records) {
		r := &g.Records[i]
		if r.Accepted != nil && r.Excluded == nil && (!r.Started.Before(at) || g.between(r.Started, at, all) < leastApart) {
			return r.Info, true
		}
	}
	return accepted, false
}

// Now is where the line of a fall is at present. Its texts may be hostile.
type Now struct {
	Route, Figure string
	Is            string // its level, with its unit
	Back          bool   // that is the level before the fall
}

// Now finds the line that an ID names, and its present level since an instant. It is unknown if the group has too few such
// runs in that environment.
func (g *Group) Now(id string, before, after float64, since time.Time) (now Now, known bool) {
	classes := map[string]int{}
	for i := range g.Records {
		classes[g.Records[i].Environment] = g.environment[i]
	}
	for n, m := range g.lines() {
		for class, environment := range classes {
			if lineID(g.Routes[n].Name, m.Key, class) != id {
				continue
			}
			level, known := g.present(g.line(g.Routes[n].Name, m), environment, since)
			return Now{g.Routes[n].text(), m.Name, m.text(level), known && m.isBack(before, after, level)}, known
		}
	}
	return Now{}, false
}
