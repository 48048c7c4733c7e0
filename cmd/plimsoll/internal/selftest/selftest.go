// Package selftest tries the paired gate on the user's own system and machine.
//
// A bench goes in, two tables come out. Until the time is up, the system is compared with itself: in turn unchanged, with
// one route delayed by a proxy, and with a share of its requests sent twice, which is more work for each answer. The first
// table counts how often the gate failed, found the change, blamed another route or could not tell. The second one says,
// from the comparisons without a change, how small a change of each figure the gate could see.
package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/delay"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// change is what is done to head: slower delays a route by a share of its p50, work adds a share of the CPU time of each
// answer. The zero change is none.
type change struct{ slower, work float64 }

// Selftest is the comparisons so far.
type Selftest struct {
	bench     measure.Bench
	began     time.Time
	changes   []change // of the comparisons; Run repeats the list until the time is up
	trials    []*trial
	unchanged [][2]*result.Result // base and head of the comparisons without a change
	wanted    string              // the route to slow down, as the user named it; empty for the slowest one
	// Found by the first, unchanged comparison: the route to slow down, and its p50.
	route string
	p50   time.Duration
}

// New prepares the comparisons. It makes every request of the bench's job name its route. route is the one to slow
// down; empty for the one with the longest p50.
func New(b measure.Bench, route string) *Selftest {
	b.Quiet = true
	s := &Selftest{bench: b, wanted: route, changes: []change{{}, {slower: 0.3}, {}, {slower: 0.5}, {}, {slower: 0.2}}}
	if work := s.work(); work > 0 {
		s.changes = []change{{}, {slower: 0.3}, {}, {work: work}, {}, {slower: 0.5}, {}, {work: work}, {}, {slower: 0.2}}
	}
	label(b.Job.Profile)
	return s
}

// work is the work to add: twice the limit of a cost, but no more than half. It is 0 if no cost is judged, or if requests
// may not be sent twice: that changes nothing only with GET.
func (s *Selftest) work() float64 {
	p := s.bench.Job.Policy
	if !slices.ContainsFunc(p.Metrics, gate.Metric.IsCost) || s.bench.Job.Target.Start == nil {
		return 0
	}
	for call := range s.bench.Job.Calls() {
		if content, ok := call.Content.(*profile.HTTP); !ok || content.Method != http.MethodGet {
			return 0
		}
	}
	return min(2*cmp.Or(p.Cost, p.Degradation), 0.5)
}

// Run compares until the budget is spent. It finishes the last comparison, and makes at least one.
func (s *Selftest) Run(ctx context.Context, budget time.Duration) error {
	s.began = time.Now()
	for i := 0; i == 0 || time.Since(s.began) < budget; i++ {
		if err := s.try(ctx, s.changes[i%len(s.changes)]); err != nil {
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
func (s *Selftest) try(ctx context.Context, c change) error {
	began := time.Now()
	base, head, err := s.compare(ctx, c)
	if err != nil {
		return err
	}
	if s.route == "" {
		if err := s.choose(base); err != nil {
			return err
		}
	}
	if c == (change{}) {
		s.unchanged = append(s.unchanged, [2]*result.Result{base, head})
	}
	v := gate.JudgePairs(s.bench.Job.Policy, base, head, true)
	s.count(c, v, time.Since(began))
	fmt.Fprintf(s.bench.Console.Stderr, "%s: %s after %d pairs%s\n", s.describe(c), v.Outcome, v.Baseline.Pairs, doubt(v))
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
func (s *Selftest) delay(c change) time.Duration {
	return time.Duration(c.slower * float64(s.p50)).Round(time.Microsecond)
}

// compare measures the system against itself, with head changed.
func (s *Selftest) compare(ctx context.Context, c change) (base, head *result.Result, err error) {
	id := identity.Of(ctx, s.bench.Console, s.bench.Job.Dir)
	var both [2]runner.System
	for i, name := range []string{"base", "head"} {
		side, proxy, err := s.side(name)
		if err != nil {
			return nil, nil, err
		}
		defer proxy.Close() //nolint:errcheck // it is not needed any longer
		if name == "head" {
			proxy.Slow(strconv.Itoa(slices.Index(s.bench.Job.Routes(), s.route)), s.delay(c))
			proxy.Repeat(c.work)
		}
		side.Identity = id
		both[i] = side
	}
	return s.bench.Pair(ctx, both[0], both[1])
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
