package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var errNothing = errors.New("it holds no request")

// mostSummed is how many routes of sums are kept apart.
const mostSummed = 5_000

// sums collects what a tool has added up by itself.
type sums struct {
	routes  map[string]Sums
	more    bool // others is in use
	total   *Sums
	began   time.Time
	length  time.Duration
	seconds []result.Second
}

// route adds the sums of one route. Quantiles cannot be merged, so a route that comes twice is an error.
func (s *sums) route(name []byte, of Sums) error {
	route := clean(name, maxName)
	if err := of.check(); err != nil {
		return fmt.Errorf("route %.80q: %w", route, err)
	}
	if _, twice := s.routes[route]; twice {
		return fmt.Errorf("route %.80q comes twice: import one run at a time", route)
	}
	if len(s.routes) >= mostSummed {
		s.more = true
		all := s.routes[others]
		all.Requests, all.Failures = all.Requests+of.Requests, all.Failures+of.Failures
		s.routes[others] = all
		return nil
	}
	s.routes[route] = of
	return nil
}

// Quantile sets p50, p95 or p99 as the tool tells it, unless it told it before. A time of 0 is shorter than the tool can
// tell, and is kept as Tiny: as a time it would be untold.
func (of *Sums) Quantile(name string, took time.Duration) {
	at := map[string]*time.Duration{"p50": &of.P50, "p95": &of.P95, "p99": &of.P99}[name]
	switch {
	case at == nil || *at != 0 || slices.Contains(of.Tiny, name):
	case took == 0:
		of.Tiny = append(of.Tiny, name)
	default:
		*at = took
	}
}

// Fail counts n requests that failed in a way, but no more failures than there are requests: of tools that count a request
// under each way in which it failed. It returns how many it counted.
func (of *Sums) Fail(class tally.Class, text string, n int64) int64 {
	n = max(min(n, of.Requests-of.Failures), 0)
	if n == 0 {
		return 0
	}
	if of.Classes == nil {
		of.Classes = map[tally.Class]int64{}
	}
	if of.Errors == nil {
		of.Errors = map[string]int64{}
	}
	of.Failures += n
	of.Classes[class] += n
	of.Errors[text] += n
	return n
}

func (of Sums) check() error {
	switch {
	case of.Requests < 0 || of.Failures < 0 || of.Bytes < 0 || of.Length < 0:
		return fmt.Errorf("%d requests with %d bytes, of which %d failed: a count is negative", of.Requests, of.Bytes, of.Failures)
	case of.Failures > of.Requests:
		return fmt.Errorf("%d of %d requests failed, which is more than all", of.Failures, of.Requests)
	}
	least := time.Duration(0)
	for _, quantile := range []time.Duration{of.P50, of.P95, of.P99} {
		if quantile < 0 || quantile > 0 && quantile < least || quantile > tally.MaxLatency {
			return fmt.Errorf("p50 is %v, p95 %v and p99 %v: they must grow and lie within a year", of.P50, of.P95, of.P99)
		}
		least = max(least, quantile)
	}
	return nil
}

// fill puts the sums into a result, as one round.
func (s *sums) fill(r *result.Result) error {
	if len(s.routes) == 0 && s.total == nil {
		return errNothing
	}
	if s.length <= 0 {
		return errors.New("it does not say how long the load lasted")
	}
	all := s.all()
	if err := all.check(); err != nil {
		return err
	}
	if all.Requests == 0 {
		return errNothing
	}
	r.Started = s.began.UTC().Truncate(time.Millisecond)
	r.Finished = r.Started.Add(s.length)
	round := result.Round{Length: s.length, Figures: map[string]result.Figures{}, Total: all.figures(s.length)}
	r.Tally.Routes = map[string]*tally.Route{}
	for name, of := range s.routes {
		round.Figures[name] = of.figures(s.length)
		r.Tally.Routes[name] = of.tally()
	}
	s.rest(r, &round, all)
	if len(s.routes) == 0 {
		const whole = "all requests"
		round.Figures[whole], r.Tally.Routes[whole] = round.Total, all.tally()
	}
	r.Rounds = []result.Round{round}
	for _, second := range s.seconds {
		r.AddSecond(second)
	}
	s.tellLacks(r, all)
	return nil
}

// rest counts the requests of no known route: some tools give figures for some routes only.
func (s *sums) rest(r *result.Result, round *result.Round, all Sums) {
	rest := Sums{Requests: all.Requests, Failures: all.Failures}
	for _, of := range s.routes {
		rest.Requests, rest.Failures = rest.Requests-of.Requests, rest.Failures-of.Failures
	}
	if _, taken := s.routes[others]; taken || len(s.routes) == 0 || rest.Requests <= 0 || rest.check() != nil {
		return
	}
	round.Figures[others], r.Tally.Routes[others] = rest.figures(s.length), rest.tally()
}

// all is the sums of all routes together.
func (s *sums) all() Sums {
	if s.total != nil {
		return *s.total
	}
	var all Sums
	for _, of := range s.routes {
		if len(s.routes) == 1 {
			all = of
			break
		}
		all.Requests, all.Failures, all.Bytes = all.Requests+of.Requests, all.Failures+of.Failures, all.Bytes+of.Bytes
	}
	return all
}

// tellLacks notes what the result has not.
func (s *sums) tellLacks(r *result.Result, all Sums) {
	r.AddNote(r.Origin.Tool + " told sums, not requests: this result has no histograms and one round, so its spread is unknown, and thresholds of response times cannot be judged")
	untold := ""
	for _, one := range []struct {
		name string
		of   time.Duration
	}{{"p50", all.P50}, {"p95", all.P95}, {"p99", all.P99}} {
		if one.of == 0 && !slices.Contains(all.Tiny, one.name) {
			untold += ", " + one.name
		}
	}
	if untold != "" {
		r.AddNote("it does not tell " + untold[2:] + " of all requests: a gate judges the figures that are there")
	}
	if len(all.Tiny) > 0 {
		slices.Sort(all.Tiny)
		r.AddNote(fmt.Sprintf("%s tells %s as 0, which is shorter than it can tell: - stands there, and a gate does not judge it", r.Origin.Tool, strings.Join(all.Tiny, " and ")))
	}
	if s.more {
		r.AddNote(fmt.Sprintf("it has more than %d routes: further ones are counted together as %q, without response times", mostSummed, others))
	}
}

func (of Sums) figures(length time.Duration) result.Figures {
	length = cmp.Or(of.Length, length)
	return result.Figures{
		Requests: of.Requests, Failures: of.Failures, P50: of.P50, P95: of.P95, P99: of.P99,
		Throughput: float64(of.Requests-of.Failures) / length.Seconds(),
	}
}

// tally is the counts, without histograms.
func (of Sums) tally() *tally.Route {
	counted := &tally.Route{Outcomes: map[tally.Class]int64{}, BytesReceived: of.Bytes}
	left := of.Failures
	for class, n := range of.Classes {
		counted.Outcomes[class] = n
		left -= n
	}
	if left > 0 {
		counted.Outcomes[tally.Status] += left
	}
	if ok := of.Requests - of.Failures; ok > 0 {
		counted.Outcomes[tally.OK] = ok
	}
	texts := &tally.Route{Errors: tally.Errors{}}
	for text, n := range of.Errors {
		seen := tally.Seen{Count: n}
		kind := kindOf(text)
		if kind != text {
			seen.Example = text
		}
		if before, twice := texts.Errors[kind]; twice {
			seen.Count += before.Count
		}
		texts.Errors[kind] = seen
	}
	counted.Merge(texts)
	return counted
}

// kindOf is the text that an error is counted under: one without its values, but with the status that it begins with.
func kindOf(text string) string {
	status, rest, more := strings.Cut(strings.TrimPrefix(text, "status "), " ")
	if _, err := strconv.ParseUint(status, 10, 16); err != nil || len(status) != len("503") {
		return tally.Kind(text)
	}
	begins := text[:len(text)-len(rest)]
	if !more {
		return text
	}
	return begins + tally.Kind(rest)
}
