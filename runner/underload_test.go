package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// One process gets both loads in turn, from one crew: a quarter of the users, and all of them.
func TestUnderLoad(t *testing.T) {
	const load = `
load: {users: 8, spawn_rate: 100, warm_up: 1s, run_time: 10s}
setup: [{http: GET /setup}]
users: [{name: u, wait: pace 30ms, on_start: [{http: GET /login}], tasks: [{http: GET /health, name: health}]}]`
	one := sideOf(t, "", starting(t), load)
	one.Identity.Commit = "c0de"
	phases := map[string]bool{}
	decided := 0
	idle, full, err := runner.UnderLoad(t.Context(), one, 0.25, runner.Pairing{
		Config:      runner.Config{Progress: func(p runner.Progress) { phases[p.Phase] = true }},
		RoundLength: 300 * time.Millisecond, Stretches: 2, Rounds: 6, Seed: 1,
		Decide: func(idle, full *result.Result) bool { decided++; return decided == 5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	gone(t, one)
	for name, r := range map[string]*result.Result{"idle": idle, "full": full} {
		if !r.Whole() || len(r.Rounds) != 5 || r.Starts != 1 || r.Commit != "c0de" || r.Tally.Total().Failures() > 0 || r.PairSeed == "" || r.Generator.Protocol == "" {
			t.Errorf("%s: %d rounds, %d starts, problems %v, commit %s, %d failures, %+v", name, len(r.Rounds), r.Starts, r.Problems, r.Commit, r.Tally.Total().Failures(), r.Generator)
		}
		if requests := r.Tally.Routes["health"]; len(r.Tally.Routes) != 1 || requests.Requests() == 0 {
			t.Errorf("%s: judged routes %v", name, r.Routes())
		}
	}
	if idle.Users != 2 || full.Users != 8 || idle.ProfileDigest == full.ProfileDigest || idle.Series != full.Series {
		t.Errorf("%d and %d users, digests %s and %s", idle.Users, full.Users, idle.ProfileDigest, full.ProfileDigest)
	}
	few, all := idle.Tally.Total().Requests(), full.Tally.Total().Requests()
	if ratio := float64(all) / float64(few); ratio < 2.5 || ratio > 6 {
		t.Errorf("%d requests idle and %d under full load, want four times as many", few, all)
	}
	for i := range idle.Rounds {
		if idle.Rounds[i].Second == full.Rounds[i].Second {
			t.Errorf("pair %d: both or neither came second", i)
		}
	}
	// Every user does on_start once, in the warm-up, which is that of the full load.
	if logins := full.WarmUp.Routes["GET /login"]; logins == nil || logins.Requests() != 8 || idle.WarmUp.Routes["GET /login"] != nil {
		t.Errorf("%v logged in, and %v for the idle load", logins, idle.WarmUp.Routes["GET /login"])
	}
	if !phases["full load, starting the system"] || phases["idle, starting the system"] {
		t.Errorf("phases %v", phases)
	}
}

// Arrivals at a rate: a tenth of them are the idle load.
func TestUnderLoadOfARate(t *testing.T) {
	one := sideOf(t, "", starting(t), "load: {rate: 200/s, warm_up: 200ms, run_time: 10s}\nusers: [{name: u, tasks: [{http: GET /health}]}]")
	idle, full, err := runner.UnderLoad(t.Context(), one, 0.1, runner.Pairing{RoundLength: 500 * time.Millisecond, Stretches: 1, Rounds: 4})
	if err != nil {
		t.Fatal(err)
	}
	few, all := idle.Tally.Total().Requests(), full.Tally.Total().Requests()
	if !idle.Whole() || !full.Whole() || few < 20 || few > 50 || all < 300 || all > 420 {
		t.Errorf("%d requests idle, %d under full load: want 40 and 400", few, all)
	}
	if idle.Load.Rate != 20 || full.Load.Rate != 200 || idle.Users != 0 {
		t.Errorf("loads %+v and %+v", idle.Load, full.Load)
	}
}

// What was measured before an interrupt, or before the system ended, is kept.
func TestUnderLoadEndsEarly(t *testing.T) {
	one := sideOf(t, "", starting(t), sends)
	stop := make(chan struct{})
	idle, full, err := runner.UnderLoad(t.Context(), one, 0.5, runner.Pairing{
		Config: runner.Config{Stop: stop}, RoundLength: 200 * time.Millisecond, Stretches: 1, Rounds: 1000,
		Decide: func(idle, full *result.Result) bool {
			if len(full.Rounds) == 2 {
				close(stop)
			}
			return false
		},
	})
	if !errors.Is(err, runner.ErrInterrupted) || idle == nil || len(idle.Rounds) != 2 || len(full.Rounds) != 2 || full.Whole() || full.Problems[0].Kind != result.Interrupted {
		t.Errorf("interrupted: %v, %+v", err, full)
	}
	gone(t, one)

	const dies = "load: {users: 4, spawn_rate: 100, warm_up: 100ms, run_time: 10s}\nusers: [{name: u, wait: 5ms, tasks: [{http: GET /health, weight: 400}, {http: GET /die}]}]"
	one = sideOf(t, "", starting(t), dies)
	idle, full, err = runner.UnderLoad(t.Context(), one, 0.5, runner.Pairing{RoundLength: 200 * time.Millisecond, Stretches: 1, Rounds: 1000})
	var failure *runner.Failure
	if !errors.As(err, &failure) || !strings.Contains(err.Error(), "the system ended") && !strings.Contains(err.Error(), "exit") {
		t.Errorf("died: %v", err)
	}
	if full != nil && (full.Whole() || idle.Whole()) {
		t.Errorf("died: both are whole: %v, %v", idle.Problems, full.Problems)
	}
}

// A plan without an idle load starts nothing.
func TestUnderLoadRefuses(t *testing.T) {
	one := sideOf(t, "", starting(t), "load: {users: 1, run_time: 10s}\nusers: [{name: u, tasks: [{http: GET /health}]}]")
	_, _, err := runner.UnderLoad(context.Background(), one, 0.1, runner.Pairing{})
	var refusal *runner.Refusal
	if !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Text, "one user is the idle load") {
		t.Errorf("%v", err)
	}
}
