package gate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// SLO is what answers must keep at any load: upper limits of response times, and the failure rates of a Policy.
type SLO struct {
	policy Policy
	limits []RouteThresholds
}

var errNoSLO = errors.New("says nothing that a search for the highest load could hold: give an upper limit of response times such as 'p(95)<50', or 'GET /items: p(95)<50' for one route (in ms)")

// ParseSLO reads thresholds such as p(95)<50 for all routes together, and GET /items: p(95)<50 for one of routes. Without
// texts the SLO is made of the thresholds of the policy that are upper limits of response times.
func ParseSLO(texts []string, p Policy, routes []string) (SLO, error) {
	s := SLO{policy: p}
	for _, text := range texts {
		one, err := parseObjective(text, routes)
		if err != nil {
			return SLO{}, err
		}
		s.limits = append(s.limits, one)
	}
	if len(texts) > 0 {
		return s, nil
	}
	for _, t := range p.Thresholds {
		kept := slices.DeleteFunc(slices.Clone(t.rules), func(r rule) bool { return !r.limitsTime() })
		if len(kept) > 0 {
			s.limits = append(s.limits, RouteThresholds{t.Route, kept})
		}
	}
	if len(s.limits) == 0 {
		return SLO{}, fmt.Errorf("there is no SLO: give one, such as --slo 'p(95)<50' (in ms)")
	}
	return s, nil
}

// parseObjective reads a threshold, with or without a route.
func parseObjective(text string, routes []string) (RouteThresholds, error) {
	route, limit := tally.All, text
	if i := strings.LastIndex(text, ":"); i >= 0 && (ruleForm.MatchString(text[i+1:]) || !ruleForm.MatchString(text)) {
		route, limit = strings.TrimSpace(text[:i]), text[i+1:]
	}
	r, err := parseRule(strings.TrimSpace(limit))
	switch {
	case errors.Is(err, errRule):
		return RouteThresholds{}, fmt.Errorf("%q is not a threshold: write one such as p(95)<50, avg<=20 or max<1000 (in ms)", strings.TrimSpace(limit))
	case err != nil:
		return RouteThresholds{}, err
	case !r.limitsTime():
		return RouteThresholds{}, fmt.Errorf("%q %w", r.text, errNoSLO)
	case r.bound <= 0:
		return RouteThresholds{}, fmt.Errorf("%q: no answer takes less than that", r.text)
	case route != tally.All && !slices.Contains(routes, route):
		return RouteThresholds{}, fmt.Errorf("no request is counted under %q; the routes are %s", route, strings.Join(routes, ", "))
	}
	return RouteThresholds{route, []rule{r}}, nil
}

// limitsTime reports whether a rule is an upper limit of response times.
func (r rule) limitsTime() bool {
	return (r.op == "<" || r.op == "<=") && r.figure != "count" && r.figure != "rate"
}

// Texts are the limits of response times, in their order.
func (s SLO) Texts() (all []string) {
	s.each(func(route string, r rule) {
		if route != tally.All {
			all = append(all, route+": "+r.text)
			return
		}
		all = append(all, r.text)
	})
	return all
}

// Longest is the longest response time that a limit allows.
func (s SLO) Longest() (longest time.Duration) {
	s.each(func(_ string, r rule) { longest = max(longest, r.time()) })
	return longest
}

// time is the rule's limit, and most a year.
func (r rule) time() time.Duration {
	return time.Duration(min(r.bound, 365*24*3600*1000) * float64(time.Millisecond))
}

// Limit is the longest response time that a rule allows. It is not ok for a rule of anything else, such as of failures.
func (t Threshold) Limit() (limit time.Duration, ok bool) {
	r, err := parseRule(t.Rule)
	if err != nil || !r.limitsTime() {
		return 0, false
	}
	return r.time(), true
}

func (s SLO) each(do func(route string, r rule)) {
	for _, t := range s.limits {
		for _, r := range t.rules {
			do(t.Route, r)
		}
	}
}

// Judge holds counts to the SLO: each limit, and the failure rates that are too high. A route without a request is not
// judged; if there is no request at all, all is Worse. Requests that were cut off count as late.
func (s SLO) Judge(t *tally.Tally, length time.Duration) (judged []Threshold) {
	whole := t.Total()
	s.each(func(route string, r rule) {
		counted := t.Routes[route]
		if route == tally.All {
			counted = whole
		}
		one := Threshold{Route: route, Rule: r.text, Status: Within}
		v, ok := r.value(counted, length)
		one.Value = v
		switch {
		case whole.Requests() == 0 || ok && (!r.holds(v) || r.open(counted) != nil):
			one.Status = Worse
		case !ok:
			one.Status = NotJudged
		}
		judged = append(judged, one)
	})
	return append(judged, s.failures(t)...)
}

// failures are the failure rates past their limits, with their lower bounds.
func (s SLO) failures(t *tally.Tally) (over []Threshold) {
	var all, failed int64
	allowed := 0.0
	judge := func(route string, limit float64, failed, all int64) {
		if all == 0 || float64(failed) <= limit*float64(all) || stats.Wilson(int(failed), int(all), rateConfidence).Low <= limit {
			return
		}
		over = append(over, Threshold{
			Route: route, Rule: fmt.Sprintf("failures<=%.3g%%", 100*limit), Status: Worse, Value: math.Round(1e4*float64(failed)/float64(all)) / 100,
		})
	}
	for _, name := range t.Names() {
		r, p := t.Routes[name], s.policy.forRoute(name)
		if p.Ignore || r.Part {
			continue
		}
		all, failed, allowed = all+r.Requests(), failed+r.Failures(), allowed+p.FailureRate*float64(r.Requests())
		judge(name, p.FailureRate, r.Failures(), r.Requests())
	}
	if len(over) == 0 {
		judge(tally.All, allowed/float64(max(all, 1)), failed, all)
	}
	return over
}

// hopeless is how many times as much as a limit allows is measured in a second if a system will not hold the load.
const hopeless = 10

// Hopeless says why a system will not hold its load, from the requests that ended in a second; empty if it may.
func (s SLO) Hopeless(second *tally.Tally) (why string) {
	whole := second.Total()
	s.each(func(route string, r rule) {
		counted := second.Routes[route]
		if route == tally.All {
			counted = whole
		}
		if counted == nil || counted.Response.Count() == 0 || why != "" {
			return
		}
		// Both p95 and the limit's own figure must be past it: of a maximum or a p99, one slow answer decides in a second.
		figure, value := "p95", milliseconds(counted.Response.Quantile(0.95))
		if own, ok := r.value(counted, time.Second); ok && own <= value {
			figure, value = strings.TrimSpace(r.text[:strings.IndexAny(r.text, "<")]), own
		}
		if value > hopeless*r.bound {
			why = fmt.Sprintf("%s was %.4g ms in a second, more than %d times what %s allows", figure, value, hopeless, r.text)
		}
	})
	if n := whole.Requests(); why == "" && n >= 10 && 2*whole.Failures() > n {
		why = fmt.Sprintf("%d of %d requests failed in a second", whole.Failures(), n)
	}
	return why
}

// ExplainedBy reports whether limits that were not kept would have been if answers had been faster by a time, such as the
// time by which a load generator was late.
func (s SLO) ExplainedBy(late time.Duration, judged []Threshold) bool {
	explained := false
	for _, t := range judged {
		if t.Status != Worse {
			continue
		}
		r, err := parseRule(t.Rule)
		if err != nil || t.Value == 0 { // a failure rate, or no answer
			return false
		}
		if explained = r.holds(t.Value - float64(late)/float64(time.Millisecond)); !explained {
			return false
		}
	}
	return explained
}
