package gate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// API holds the operations of a description, and the routes that send them.
type API struct {
	Operations []Operation
	Others     []string // routes that the description lacks
	LeftOut    int      // operations that the profile leaves out
}

// Operation is one operation of an API.
type Operation struct {
	Name   string
	Routes []string // that send it; nil when none does
}

// Coverage tells how much of an API was compared.
type Coverage struct {
	Operations []Covered `json:"operations"` // in the order of the description, then routes that it lacks
	Compared   int       `json:"compared"`
	Total      int       `json:"total"`
	LeftOut    int       `json:"left_out,omitempty"` // operations that the profile leaves out
	Needs      float64   `json:"needs,omitempty"`    // the share that gate.coverage asks for
	Low        bool      `json:"low,omitempty"`      // fewer were compared, and that fails the change
	More       int       `json:"more,omitempty"`     // operations that are not listed
}

// Covered is an operation, or a route that the description lacks, and why it was or was not compared.
type Covered struct {
	Operation string      `json:"operation,omitempty"` // empty for a route that the description lacks
	Route     string      `json:"route,omitempty"`     // of the step that sends it; empty for none
	Status    CoverStatus `json:"status"`
	Metric    Metric      `json:"metric,omitempty"`   // CoverFewRequests: the one that needs the fewest
	Requests  int64       `json:"requests,omitempty"` // CoverFailing: of the change; CoverFewRequests: in a round
	Needs     int64       `json:"needs,omitempty"`    // CoverFewRequests: in a round
	Share     float64     `json:"share,omitempty"`    // CoverFailing: of the requests that failed
	Failures  []Failure   `json:"failures,omitempty"` // CoverFailing
}

// CoverStatus says whether an operation was compared, and why not.
type CoverStatus string

// The statuses. CoverCompared alone means that the gate had enough of the operation on both sides.
const (
	CoverCompared     CoverStatus = "compared"
	CoverNoStep       CoverStatus = "no-step"       // no step of the profile sends it
	CoverIgnored      CoverStatus = "ignored"       // gate.routes leaves it out
	CoverNotRequested CoverStatus = "not-requested" // the run ended before it was sent
	CoverFewRequests  CoverStatus = "few-requests"
	CoverFailing      CoverStatus = "failing"       // too many of its requests failed
	CoverFailedBefore CoverStatus = "failed-before" // of base, or of the history
	CoverNew          CoverStatus = "new"           // there is nothing to compare it with
	CoverNotJudged    CoverStatus = "not-judged"    // for another reason
)

var coverStatuses = []CoverStatus{
	CoverCompared, CoverNoStep, CoverIgnored, CoverNotRequested, CoverFewRequests, CoverFailing, CoverFailedBefore, CoverNew, CoverNotJudged,
}

// Cover adds how much of an API was compared. If that is less than the policy asks for, the verdict becomes
// Fail. A verdict in doubt stays as it is, unless the profile's steps could never be enough. Call it last.
func (v Verdict) Cover(p Policy, api *API) Verdict {
	if api == nil || v.Outcome == Unjudged {
		return v
	}
	c := &Coverage{Total: len(api.Operations), LeftOut: api.LeftOut, Needs: p.Coverage, Operations: []Covered{}}
	withStep := 0
	for _, o := range api.Operations {
		one := v.covered(p, o.Routes)
		one.Operation = o.Name
		if one.Status == CoverCompared {
			c.Compared++
		}
		if one.Status != CoverNoStep && one.Status != CoverIgnored {
			withStep++
		}
		c.Operations = append(c.Operations, one)
	}
	for _, route := range api.Others {
		c.Operations = append(c.Operations, v.covered(p, []string{route}))
	}
	possible := c.Compared
	if v.Outcome == Inconclusive {
		possible = withStep
	}
	v.Coverage = c
	if float64(possible) >= c.Needs*float64(c.Total) {
		return v
	}
	c.Low = true
	low := c.reason()
	if v.Outcome != Fail {
		v.Outcome, v.Reasons, v.More = Fail, slices.Insert(slices.Clone(v.Reasons), 0, low), 0
		return v
	}
	after := slices.IndexFunc(v.Reasons, func(r Reason) bool { return kinds[r.Kind].use != asFailure })
	if after < 0 {
		after = len(v.Reasons)
	}
	v.Reasons = slices.Insert(slices.Clone(v.Reasons), after, low)
	return v
}

// reason says that too little was compared.
func (c *Coverage) reason() Reason {
	return Reason{Kind: LowCoverage, Has: c.Compared, Needs: c.Total, Limit: c.Needs}
}

// covered returns the outcome of the best of some routes.
func (v *Verdict) covered(p Policy, routes []string) Covered {
	best := Covered{Status: CoverNoStep}
	for _, route := range routes {
		one := v.coveredRoute(route)
		if p.Routes[route].Ignore {
			one = Covered{Status: CoverIgnored}
		}
		one.Route = route
		if best.Status == CoverNoStep || one.Status == CoverCompared && best.Status != CoverCompared {
			best = one
		}
	}
	return best
}

// coveredRoute returns the outcome of a route.
func (v *Verdict) coveredRoute(route string) Covered {
	one := Covered{Status: CoverNotJudged}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		switch {
		case c.Route != route || c.Metric.IsUnderLoad():
		case c.Metric == FailureRate:
			one.Share, one.Failures = c.Head, c.Failures
			if one.Status != CoverFewRequests {
				one.Requests = c.Requests
			}
		case c.Status != NotJudged:
			return Covered{Status: CoverCompared}
		case c.Why != nil:
			one.because(c)
		}
	}
	if one.Status != CoverFailing {
		one.Share, one.Failures = 0, nil
	}
	if one.Status != CoverFailing && one.Status != CoverFewRequests {
		one.Requests = 0
	}
	return one
}

// because notes why a metric was not judged. A failure explains more than a lack of requests.
func (one *Covered) because(c *Comparison) {
	status := map[WhyKind]CoverStatus{
		FewRequests: CoverFewRequests, NotAsked: CoverNotRequested, NotInBaseline: CoverNew, ManyFailures: CoverFailing,
	}[c.Why.Kind]
	if status == CoverFailing && c.Why.OnBase {
		status = CoverFailedBefore
	}
	if status == CoverFewRequests && (one.Status == CoverNotJudged || one.Status == CoverFewRequests && int64(c.Why.Needs) < one.Needs) {
		one.Metric, one.Requests, one.Needs = c.Metric, int64(c.Why.Has), int64(c.Why.Needs)
	}
	if one.Status == CoverNotJudged || one.Status == CoverFewRequests {
		if one.Status = cmp.Or(status, one.Status); status != CoverFewRequests && status != "" {
			one.Metric, one.Needs = "", 0
		}
	}
}

// maxOperations bounds the list of a Coverage.
const maxOperations = 5_000

// bound cuts the list to the length that Validate takes. Operations that were not compared stay.
func (c *Coverage) bound() *Coverage {
	if c == nil {
		return nil
	}
	bounded := *c
	bounded.Operations = slices.Clone(c.Operations)
	if len(bounded.Operations) > maxOperations {
		slices.SortStableFunc(bounded.Operations, func(a, b Covered) int { return b.missing() - a.missing() })
		bounded.More += len(bounded.Operations) - maxOperations
		bounded.Operations = bounded.Operations[:maxOperations]
	}
	for i := range bounded.Operations {
		bounded.Operations[i].Failures = boundFailures(bounded.Operations[i].Failures)
	}
	return &bounded
}

// missing is 1 for an operation that was not compared.
func (one *Covered) missing() int {
	if one.Status == CoverCompared {
		return 0
	}
	return 1
}

func (c *Coverage) texts(names, words []*string) ([]*string, []*string) {
	if c == nil {
		return names, words
	}
	for i := range c.Operations {
		one := &c.Operations[i]
		names = append(names, &one.Operation, &one.Route, (*string)(&one.Metric))
		names, words = failureTexts(one.Failures, names, words)
	}
	return names, words
}

// check is an error if no gate can have written this coverage.
func (c *Coverage) check() error {
	if c == nil {
		return nil
	}
	operations := 0
	for i := range c.Operations {
		one := &c.Operations[i]
		if one.Operation != "" {
			operations++
		}
		switch {
		case !slices.Contains(coverStatuses, one.Status):
			return fmt.Errorf("%.40q is no status of an operation", string(one.Status))
		case one.Operation == "" && one.Route == "":
			return errors.New("it covers an operation without a name")
		case one.Metric != "" && !slices.Contains(Metrics(), one.Metric):
			return fmt.Errorf("%.80q is not a metric", string(one.Metric))
		case one.Requests < 0 || one.Requests > maxRequests || one.Needs < 0 || one.Needs > maxRequests || !within(one.Share, 0, 1):
			return fmt.Errorf("an operation had %d of %d requests", one.Requests, one.Needs)
		}
		if err := checkFailures(one.Failures); err != nil {
			return err
		}
	}
	switch {
	case len(c.Operations) > maxOperations:
		return fmt.Errorf("it covers %d operations, at most %d are allowed", len(c.Operations), maxOperations)
	case c.Compared < 0 || c.Compared > c.Total || !isCount(c.Total) || !isCount(c.LeftOut) || !isCount(c.More) || operations > c.Total:
		return fmt.Errorf("%d of %d operations were compared", c.Compared, c.Total)
	case !within(c.Needs, 0, 1) || c.Low && float64(c.Compared) >= c.Needs*float64(c.Total):
		return fmt.Errorf("%d of %d operations are said to be too few", c.Compared, c.Total)
	}
	return nil
}
