package gate

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// begun makes a run of one round out of a run with requests in its warm-up only: if every user's first
// requests fail, such as a login, no task begins. nil if the run has judged requests, or none at all.
func begun(r *result.Result) *result.Result {
	if requested(&r.Tally) || r.WarmUp == nil || !requested(r.WarmUp) {
		return nil
	}
	one := *r
	one.Rounds = []result.Round{result.NewRound(0, time.Second, r.WarmUp)}
	one.Tally = *r.WarmUp
	return &one
}

// failedToBegin has the failure rates past their limits, of runs in which no task began.
func failedToBegin(p Policy, runs ...*result.Result) (rows []row) {
	for _, r := range runs {
		one := begun(r)
		if one == nil {
			continue
		}
		s := sidesOf(p, side{}, sideOfRounds(one), one)
		for _, rate := range s.failureRates([]*result.Result{one}) {
			if rate.Status != Within {
				rows = append(rows, rate)
			}
		}
		return attribute(s, rows)
	}
	return nil
}

// noSamples says why a run has no judged requests: a route that fails before them, if there is one.
func noSamples(p Policy, r *result.Result, of Part) *Reason {
	if one := begun(r); one != nil {
		s := sidesOf(p, side{}, sideOfRounds(one), one)
		var missing []Reason
		for _, route := range r.PlannedRoutes {
			if s.now.routes[route].requests == 0 {
				missing = append(missing, Reason{Kind: NotRequested, Route: route, Of: of})
			}
		}
		if reasons := s.now.notReached(p, missing); len(reasons) == 1 && reasons[0].Kind == NotReached {
			reasons[0].Of = of
			return &reasons[0]
		}
	}
	return &Reason{Kind: NoSamples, Of: of}
}

// NotABaseline says why a run must not become a baseline: it is incomplete, it requested nothing, more of a
// route's requests failed than the policy allows, or a route of the profile was never requested. Empty if
// the run may become one.
func NotABaseline(p Policy, r *result.Result) []Reason {
	if reason := unfit(p, r, ""); reason != nil {
		return []Reason{*reason}
	}
	s := sidesOf(p, side{}, sideOfRounds(r), r)
	var failing, missing []Reason
	for _, rate := range s.failureRates([]*result.Result{r}) {
		if rate.Status == Worse && rate.Route != tally.All {
			reason, _ := reasonOf(Stored, &rate.Comparison)
			failing = append(failing, reason)
		}
	}
	for _, route := range s.named() {
		if s.now.routes[route].requests == 0 {
			missing = append(missing, Reason{Kind: NotRequested, Route: route})
		}
	}
	missing = s.now.notReached(p, missing)
	for i := range missing {
		missing[i].Of = ""
	}
	return append(failing, missing...)
}
