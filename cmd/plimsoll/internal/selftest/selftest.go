// Package selftest tries the paired gate on the user's own system and machine.
//
// A bench goes in, a table comes out. Until the time is up, the system is compared with itself, in turn unchanged and
// with one route delayed by a proxy. The table counts how often the gate failed, found the slow route, blamed another
// route or could not tell.
package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/delay"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// changes are how much slower the route is in each comparison; Run repeats the list until the time is up.
var changes = []float64{0, 0.3, 0, 0.5, 0, 0.2}

// trial counts the verdicts of the comparisons with one change.
type trial struct {
	change                                float64
	times, red, right, other, open, pairs int
	took                                  time.Duration
}

// Selftest is the comparisons so far.
type Selftest struct {
	bench  measure.Bench
	began  time.Time
	trials []*trial
	wanted string // the route to slow down, as the user named it; empty for the slowest one
	// Found by the first, unchanged comparison: the route to slow down, and its p50.
	route string
	p50   time.Duration
}

// New prepares the comparisons. It makes every request of the bench's job name its route. route is the one to slow
// down; empty for the one with the longest p50.
func New(b measure.Bench, route string) *Selftest {
	b.Quiet = true
	label(b.Job.Profile)
	return &Selftest{bench: b, wanted: route}
}

// Run compares until the budget is spent. It finishes the last comparison, and makes at least one.
func (s *Selftest) Run(ctx context.Context, budget time.Duration) error {
	s.began = time.Now()
	for i := 0; i == 0 || time.Since(s.began) < budget; i++ {
		if err := s.try(ctx, changes[i%len(changes)]); err != nil {
			return err
		}
	}
	return nil
}

// label makes every request name its route, by number: a name may hold variables.
func label(p *profile.Profile) {
	routes := p.Routes()
	for call := range p.Calls() {
		if content, ok := call.Content.(*profile.HTTP); ok {
			number := strconv.Itoa(slices.Index(routes, call.Route()))
			content.Headers = append(content.Headers, profile.Header{Name: delay.Header, Value: profile.Template(number)})
		}
	}
}

// try makes one comparison.
func (s *Selftest) try(ctx context.Context, change float64) error {
	by := s.delay(change)
	began := time.Now()
	v, base, err := s.compare(ctx, by)
	if err != nil {
		return err
	}
	if s.route == "" {
		if err := s.choose(base); err != nil {
			return err
		}
	}
	s.count(change, v, time.Since(began))
	fmt.Fprintf(s.bench.Console.Stderr, "%s: %s after %d pairs%s\n", s.describe(change), v.Outcome, v.Baseline.Pairs, doubt(v))
	return nil
}

// doubt says why a verdict is inconclusive; empty if it is not.
func doubt(v gate.Verdict) string {
	if v.Outcome != gate.Inconclusive || len(v.Reasons) == 0 {
		return ""
	}
	return ": " + report.Sentence(v.Reasons[0])
}

// delay is how long the proxy delays the route for a change.
func (s *Selftest) delay(change float64) time.Duration {
	return time.Duration(change * float64(s.p50)).Round(time.Microsecond)
}

// compare judges the system against itself, with the route of head delayed.
func (s *Selftest) compare(ctx context.Context, by time.Duration) (v gate.Verdict, base *result.Result, err error) {
	id := identity.Of(ctx, s.bench.Console, s.bench.Job.Dir)
	var both [2]runner.System
	for i, name := range []string{"base", "head"} {
		side, proxy, err := s.side(name)
		if err != nil {
			return v, nil, err
		}
		defer proxy.Close() //nolint:errcheck // it is not needed any longer
		if name == "head" {
			proxy.Slow(strconv.Itoa(slices.Index(s.bench.Job.Routes(), s.route)), by)
		}
		side.Identity = id
		both[i] = side
	}
	base, head, err := s.bench.Pair(ctx, both[0], both[1])
	if err != nil {
		return v, nil, err
	}
	return gate.JudgePairs(s.bench.Job.Policy, base, head, true), base, nil
}

// side is the system behind a proxy, which the caller must close.
func (s *Selftest) side(name string) (runner.System, *delay.Proxy, error) {
	pl, err := s.bench.Job.Plan()
	if err != nil {
		return runner.System{}, nil, err
	}
	target, err := url.Parse(pl.Target.URL)
	if err != nil || target.Scheme != "http" || pl.Target.Socket != "" {
		return runner.System{}, nil, exit.BadInput("selftest puts a proxy in front of the system, and so needs a target.url with http:// and no target.socket")
	}
	proxy, err := delay.New(target.Scheme + "://" + target.Host)
	if err != nil {
		return runner.System{}, nil, err
	}
	behind := pl.Target
	pl.Target.URL = proxy.URL() + target.Path
	pl.Target.Hosts = append(slices.Clone(pl.Target.Hosts), "127.0.0.1")
	return runner.System{Name: name, Plan: pl, Dir: s.bench.Job.Dir, Behind: &behind}, proxy, nil
}

// choose chooses the route to slow down.
func (s *Selftest) choose(base *result.Result) error {
	for _, route := range base.Routes() {
		p50 := base.Tally.Routes[route].Response.Quantile(0.5)
		if (s.wanted == "" || s.wanted == route) && p50 > s.p50 {
			s.route, s.p50 = route, p50
		}
	}
	if s.route == "" {
		return errors.New("selftest: no route had a response to make slower")
	}
	return nil
}

// count adds a verdict to the trial of its change.
func (s *Selftest) count(change float64, v gate.Verdict, took time.Duration) {
	at := slices.IndexFunc(s.trials, func(t *trial) bool { return t.change == change })
	if at < 0 {
		at = len(s.trials)
		s.trials = append(s.trials, &trial{change: change})
	}
	right, other := false, false
	for _, c := range v.Of(gate.Worse) {
		right = right || c.Route == s.route && change > 0
		other = other || c.Route != s.route || change == 0
	}
	t := s.trials[at]
	t.times++
	t.pairs += v.Baseline.Pairs
	t.took += took
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
func (s *Selftest) describe(change float64) string {
	if change == 0 {
		return "unchanged"
	}
	return fmt.Sprintf("%s +%.0f %% (%v)", s.route, 100*change, s.delay(change))
}

// Print prints the table of all comparisons.
func (s *Selftest) Print(w io.Writer) error {
	if len(s.trials) == 0 {
		return nil
	}
	slices.SortFunc(s.trials, func(x, y *trial) int { return cmp.Compare(x.change, y.change) })
	var rows [][]string
	for _, t := range s.trials {
		rows = append(rows, s.row(t))
	}
	if err := report.Table(w, []string{"Change", "Compared", "Red", "Found", "Another blamed", "Inconclusive", "Pairs", "Time each"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
Each cell counts comparisons, with the rate at 95 %% confidence (Wilson) in brackets. Both sides are the same
system behind a proxy, which delays one route of head. It took %s.
%s`, time.Since(s.began).Round(time.Second), s.forgiven())
	return err
}

// forgiven names the tried changes that gate.min_effect never lets fail; empty for none.
func (s *Selftest) forgiven() string {
	least := s.bench.Job.Policy.MinEffect
	var small []string
	for _, t := range s.trials {
		if by := s.delay(t.change); t.change > 0 && by < least {
			small = append(small, fmt.Sprintf("+%.0f %% (%v)", 100*t.change, by))
		}
	}
	if len(small) == 0 {
		return ""
	}
	return fmt.Sprintf("gate.min_effect is %v, and a smaller change never fails. On %s these are smaller: %s.\nA smaller min_effect finds them; gate.min_effect: 0 judges every change by its percentage alone.\n",
		least, s.route, strings.Join(small, ", "))
}

func (s *Selftest) row(t *trial) []string {
	rate := func(k int) string {
		i := stats.Wilson(k, t.times, 0.95)
		return fmt.Sprintf("%d (%.0f to %.0f %%)", k, 100*i.Low, 100*i.High)
	}
	found := "" // there is nothing to find
	if t.change > 0 {
		found = rate(t.right)
	}
	return []string{
		s.describe(t.change), fmt.Sprint(t.times), rate(t.red), found, rate(t.other), rate(t.open),
		fmt.Sprintf("%.1f of %d", float64(t.pairs)/float64(t.times), gate.MaxPairs), (t.took / time.Duration(t.times)).Round(time.Second).String(),
	}
}
