package load_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

const loggingIn = `
users:
  - name: buyer
    weight: 3
    on_start: [{http: POST /login, save: {token: token}}]
    tasks: [{http: "GET /${token}", name: buy}]
  - name: visitor
    tasks: [{http: GET /look}]`

// getReady makes a crew ready for a trial of eight users, or for eight servers.
func getReady(t *testing.T, load string, s *system, stop <-chan struct{}, then func(missing int, trial func() (logins int))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: "+load+loggingIn)
		if p.Open != nil {
			p = p.Arriving()
		}
		crew, rounds := newCrew(p, s)
		before := p.Trial(plan.Trial{Load: 8, Settle: 30 * time.Second, MaxInFlight: 100})
		missing := crew.Ready(t.Context(), stop, before, 8, 0)
		then(missing, func() int {
			logins := rounds[plan.WarmUpRound].Routes["POST /login"].Requests()
			crew.Work(t.Context(), nil, p.Trial(plan.Trial{Load: 8, Length: 5 * time.Second, Number: 1, First: 8, MaxInFlight: 100}))
			if rounds[0].Routes["POST /login"] != nil || rounds[0].Total().Failures() > 0 || rounds[0].Routes["buy"] == nil || rounds[0].Routes["GET /look"] == nil {
				t.Errorf("%s: judged load holds %v", load, rounds[0].Names())
			}
			crew.Dismiss(t.Context())
			return int(logins)
		})
	})
}

// All users that a trial needs have logged in before it, and nobody logs in during it.
func TestReady(t *testing.T) {
	for _, load := range []string{"{users: 2}", "{rate: 1/s}"} {
		s := &system{answer: answersToken}
		getReady(t, load, s, nil, func(missing int, trial func() int) {
			if logins := trial(); missing != 0 || logins != 6 {
				t.Errorf("%s: %d logins before the trial, and %d users are missing", load, logins, missing)
			}
		})
	}
}

func answersToken(string, time.Duration) reply { return reply{body: `{"token": "t"}`} }

// A login that fails is tried until the time is up, or somebody stops it.
func TestReadyInVain(t *testing.T) {
	for _, load := range []string{"{users: 2}", "{rate: 1/s}"} {
		s := &system{answer: func(string, time.Duration) reply { return reply{body: `{}`} }}
		getReady(t, load, s, nil, func(missing int, _ func() int) {
			if missing != 6 || s.paths()["/login"] < 6*20 {
				t.Errorf("%s: %d are missing, after %d logins", load, missing, s.paths()["/login"])
			}
		})
		stop := make(chan struct{})
		close(stop)
		s = &system{answer: answersToken, take: func(string, time.Duration) time.Duration { return time.Hour }}
		getReady(t, load, s, stop, func(missing int, _ func() int) {
			if missing != 6 {
				t.Errorf("%s: %d are missing after a stop, want 6", load, missing)
			}
		})
	}
}
