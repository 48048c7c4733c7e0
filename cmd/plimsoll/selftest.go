package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/delay"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// selftestCmd is plimsoll selftest.
type selftestCmd struct {
	runFlags
	Budget time.Duration `default:"10m" help:"How long it may take; it ends with the comparison during which that is over."`
	Route  string        `help:"The route that is made slower (default: the one with the longest p50)."`
}

// trials are what is compared, again and again until the budget is spent: the system with
// itself, and with one of its routes made slower.
var trials = []float64{0, 0.3, 0, 0.5, 0, 0.2}

// trial is what came of the comparisons with one change.
type trial struct {
	change                                float64
	times, red, right, other, open, pairs int
	took                                  time.Duration
}

// Run tries the paired gate on the user's own system and machine.
func (c *selftestCmd) Run(a *app) error {
	asked, err := c.read()
	if err != nil {
		return err
	}
	if err := c.change(asked.Profile); err != nil {
		return err
	}
	if c.Route != "" && !slices.Contains(asked.Routes(), c.Route) {
		return badInput("no request is counted under %q; the routes are %s", c.Route, strings.Join(asked.Routes(), ", "))
	}
	label(asked.Profile)
	s := &selftest{command: c, app: a, asked: asked, began: time.Now()}
	for i := 0; i == 0 || time.Since(s.began) < c.Budget; i++ {
		if err := s.try(trials[i%len(trials)]); err != nil {
			return errors.Join(err, s.table())
		}
	}
	return s.table()
}

// label makes every request say which route it is of, by its number: a name may hold
// variables.
func label(p *profile.Profile) {
	routes := p.Routes()
	each := func(steps []profile.Step) {
		for _, step := range steps {
			if step.Call == nil {
				continue
			}
			if content, ok := step.Call.Content.(*profile.HTTP); ok {
				number := strconv.Itoa(slices.Index(routes, step.Call.Route()))
				content.Headers = append(content.Headers, profile.Header{Name: delay.Header, Value: profile.Template(number)})
			}
		}
	}
	for _, u := range p.Users {
		each(u.OnStart)
		each(u.OnStop)
		for _, t := range u.Tasks {
			each(t.Steps)
		}
	}
}

// selftest is the comparisons under way.
type selftest struct {
	command *selftestCmd
	app     *app
	asked   *asked
	began   time.Time
	trials  []*trial
	// Of the first comparison, which is of the system with itself: the route to be made slower,
	// and its p50.
	route string
	p50   time.Duration
}

// try makes one comparison.
func (s *selftest) try(change float64) error {
	by := max(time.Duration(change*float64(s.p50)), 0)
	if least := s.asked.policy.MinEffect * 3 / 2; change > 0 && by < least {
		by = least // what min_effect forgives is no test of the rest
	}
	if change > 0 {
		change = float64(by) / float64(s.p50)
	}
	began := time.Now()
	v, base, err := s.compare(by)
	if err != nil {
		return err
	}
	if s.route == "" {
		if err := s.choose(base); err != nil {
			return err
		}
	}
	s.count(change, v, time.Since(began))
	fmt.Fprintf(s.app.stderr, "%s: %s after %d pairs\n", s.describe(change), v.Outcome, v.Baseline.Pairs)
	return nil
}

// compare judges the system against itself, head's route held back for so long.
func (s *selftest) compare(by time.Duration) (v gate.Verdict, base *result.Result, err error) {
	var sides [2]runner.Side
	for i, name := range []string{"base", "head"} {
		pl, err := s.asked.plan()
		if err != nil {
			return v, nil, err
		}
		target, err := url.Parse(pl.Target.URL)
		if err != nil || target.Scheme != "http" || pl.Target.Socket != "" {
			return v, nil, badInput("selftest stands a proxy before the system, which speaks plain HTTP over TCP only")
		}
		proxy, err := delay.New(target.Scheme + "://" + target.Host)
		if err != nil {
			return v, nil, err
		}
		defer proxy.Close() //nolint:errcheck // a listener that has served its purpose
		if i == 1 {
			proxy.Slow(strconv.Itoa(slices.Index(s.asked.Routes(), s.route)), by)
		}
		pl.Target.URL = proxy.URL() + target.Path
		pl.Target.Hosts = append(slices.Clone(pl.Target.Hosts), "127.0.0.1")
		sides[i] = runner.Side{Name: name, Plan: pl, Dir: s.asked.dir, Identity: s.app.identity(s.asked.dir)}
	}
	quiet := s.command.runFlags
	quiet.Quiet = true
	base, head, err := quiet.pair(s.app, s.asked, sides[0], sides[1])
	if err != nil {
		return v, nil, err
	}
	return gate.JudgePairs(s.asked.policy, base, head, true), base, nil
}

// choose takes the route to be made slower.
func (s *selftest) choose(base *result.Result) error {
	for _, route := range base.Routes() {
		p50 := base.Tally.Routes[route].Response.Quantile(0.5)
		if (s.command.Route == "" || s.command.Route == route) && p50 > s.p50 {
			s.route, s.p50 = route, p50
		}
	}
	if s.route == "" {
		return errors.New("selftest: no route had a response to make slower")
	}
	return nil
}

// count adds a verdict to those of its change.
func (s *selftest) count(change float64, v gate.Verdict, took time.Duration) {
	var t *trial
	for _, known := range s.trials {
		if known.change == change {
			t = known
		}
	}
	if t == nil {
		t = &trial{change: change}
		s.trials = append(s.trials, t)
	}
	t.times++
	t.pairs += v.Baseline.Pairs
	t.took += took
	right, other := false, false
	for _, c := range v.Of(gate.Worse) {
		right = right || c.Route == s.route && change > 0
		other = other || c.Route != s.route || change == 0
	}
	t.red += one(v.Outcome == gate.Fail)
	t.open += one(v.Outcome == gate.Inconclusive)
	t.right += one(right)
	t.other += one(other)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// describe names a change.
func (s *selftest) describe(change float64) string {
	if change == 0 {
		return "unchanged"
	}
	return fmt.Sprintf("%s +%.0f %%", s.route, 100*change)
}

// table prints what came of all.
func (s *selftest) table() error {
	slices.SortFunc(s.trials, func(x, y *trial) int {
		if x.change < y.change {
			return -1
		}
		return 1
	})
	var rows [][]string
	for _, t := range s.trials {
		rate := func(k int) string {
			i := stats.Wilson(k, t.times, 0.95)
			return fmt.Sprintf("%d (%.0f to %.0f %%)", k, 100*i.Low, 100*i.High)
		}
		found := "" // nothing is there to be found
		if t.change > 0 {
			found = rate(t.right)
		}
		rows = append(rows, []string{
			s.describe(t.change), fmt.Sprint(t.times), rate(t.red), found, rate(t.other), rate(t.open),
			fmt.Sprintf("%.1f of %d", float64(t.pairs)/float64(t.times), gate.MaxPairs), (t.took / time.Duration(t.times)).Round(time.Second).String(),
		})
	}
	if err := report.Table(s.app.stdout, []string{"Change", "Compared", "Red", "Found", "Another blamed", "Inconclusive", "Pairs", "Time each"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.app.stdout, `
How many of the comparisons came to each end, and in brackets what the rate is with 95 %% confidence
(Wilson). Both sides are the same system behind a proxy of ours, and the proxy holds one route
of head back. It took %s.
`, time.Since(s.began).Round(time.Second))
	return err
}
