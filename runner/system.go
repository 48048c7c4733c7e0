package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/gpu"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/locust"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// system is a system under test with everything that loads it, through all its starts.
type system struct {
	System
	counts *collector
	meters []meter
	// watcher is one of the meters, unless nothing is watched.
	watcher   *watcher
	unwatched bool // a control
	cards     *gpu.Cards

	began  time.Time      // when it was first up
	result *result.Result // nil before that
	once   string         // names the setup whose values its users have; only of a shard
	starts int            // how often its program was started
	shifts int            // how many shifts were made
	judged time.Duration  // start of the present round of a pair
	spent  spent          // CPU time of the machine while it was loaded, since the round began
	all    spent          // the same, before the round
	bill   bill           // what its processes use

	// These are made anew for each start.
	plan    *plan.Plan // Plan as of this start
	door    *sut.Door
	clients *protocol.Clients
	program *sut.System    // nil if it runs elsewhere, and while it is down
	crew    *load.Crew     // nil while it is down, and if Locust loads it
	engine  *locust.Engine // Locust, if it loads the system
	grace   time.Duration  // from the end of the last user to teardown
	fresh   bool           // no load since the start
	abort   func(error)    // ends the present stretch
	trial   *search        // that decides when a stretch ends; nil outside of one

	// Two loads of one process are two systems; see UnderLoad.
	host   *system // whose process and crew these are; nil for its own
	loaded *system // whose figures its crew counts: its own, or those of the other load
}

func newSystem(one System) *system {
	y := &system{System: one, counts: newCollector(one.Plan), meters: []meter{newHealth()}, watcher: &watcher{}}
	y.loaded = y
	return y
}

// begin makes the result. So far it only says what is loaded and where.
func (y *system) begin(ctx context.Context, runner, proxy string) {
	y.began = time.Now()
	r := &result.Result{Schema: result.Schema, Identity: y.Identity, WarmUp: &tally.Tally{}}
	r.Environment = environment(ctx, y.Identity.Tool, runner)
	r.Environment.Proxy = proxy
	y.tellEngine(r)
	r.Series, r.ProfileDigest, r.Target, r.Users = y.plan.Series, y.plan.ProfileDigest, y.plan.Target.Shown, y.plan.AllUsers
	r.PlannedRoutes, r.Groups = plannedRoutes(y.plan), y.plan.Groups
	r.Load = result.Load{SpawnRate: y.plan.SpawnRate, Rate: y.plan.Rate, Stages: y.plan.Stages}
	r.Started = y.began.UTC().Truncate(time.Millisecond)
	r.Part = y.asPart()
	y.result = r
}

// plannedRoutes are the routes of tasks. All others are requested before or after the
// judged load, or never.
func plannedRoutes(p *plan.Plan) (names []string) {
	var collect func(steps []plan.Step)
	collect = func(steps []plan.Step) {
		for _, s := range steps {
			if s.Call != nil {
				names = append(names, p.Routes[s.Call.Route()].Name)
			}
			collect(s.Steps)
		}
	}
	for _, b := range p.Behaviours {
		for _, t := range b.Tasks {
			collect(t.Steps)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// failure turns an error from before the load into its cause: the system ended, somebody ended the session,
// or the system did something wrong.
func (y *system) failure(doing context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case isClosed(y.ended()):
		return y.program.Failure()
	case doing.Err() != nil:
		return interruptedOr(doing.Err())
	}
	failure := &Failure{What: err.Error()}
	if y.program != nil {
		failure.Output = y.program.Output()
	}
	return failure
}

// ended is closed when the program has ended; nil if the system runs elsewhere.
func (y *system) ended() <-chan struct{} {
	if y.program == nil {
		return nil
	}
	return y.program.Ended()
}

// nextShift makes the plan of the next stretch: unjudged load for settle, then judged load for length.
func (y *system) nextShift(settle, length time.Duration) *plan.Plan {
	y.shifts++
	return y.plan.Shift(y.shifts, settle, length)
}

// dismiss lets the crew do on_stop, does the plan's teardown, and lets the crew go. A second call does
// nothing. A failed teardown is only a note, because the load was measured.
func (y *system) dismiss(ctx context.Context) {
	if y.engine != nil {
		y.engine.Dismiss()
	}
	if y.crew == nil {
		return
	}
	leaving, done := untilAny(ctx, y.ended(), nil)
	defer done()
	y.crew.Dismiss(leaving)
	if y.grace > 0 {
		pause(leaving, y.grace)
	}
	if err := y.crew.Teardown(leaving); err != nil && y.result != nil {
		y.result.AddNote(err.Error())
	}
	y.crew = nil
}

// stop stops the program and closes the connections. Having to kill the program is an error.
func (y *system) stop(ctx context.Context) (err error) {
	y.bill.close()
	y.watcher.detach()
	if y.program != nil {
		err = y.program.Stop(ctx)
		y.program = nil
	}
	if y.clients != nil {
		_ = y.clients.Close() // no request is under way
		y.clients = nil
	}
	return err
}

// addRounds adds the complete rounds of a run. A round that was cut short is left out, because its figures
// would cover another length.
func (y *system) addRounds(until time.Duration) {
	for i := 0; i < y.plan.Rounds && y.plan.RoundStart(i+1) <= until; i++ {
		r := result.NewRound(y.plan.RoundStart(i), y.plan.RoundLength, y.counts.drain(i))
		tellLoad(y.plan, i, &r)
		y.bill.roundOf(i, &r)
		for _, m := range y.meters {
			m.round(i, &r)
		}
		y.add(r)
	}
}

// addRound adds the present round of a pair, with the readings of the meters.
func (y *system) addRound(length time.Duration, second bool) { y.add(y.takeRound(length, second)) }

// takeRound ends the present round of a pair.
func (y *system) takeRound(length time.Duration, second bool) result.Round {
	r := result.NewRound(y.judged, length, y.counts.drain(0))
	r.Second, r.Process = second, max(y.starts-1, 0)
	tellLoad(y.counts.shift, 0, &r) // all stretches of a round have the same load
	y.bill.round(&r)
	for _, m := range y.meters {
		m.round(pairRound, &r)
	}
	r.Machine = y.spent.shares()
	return r
}

// tellLoad adds how much load a plan brings in a round.
func tellLoad(p *plan.Plan, i int, r *result.Round) {
	from, to := p.RoundStart(i), p.RoundStart(i+1)
	if p.Open != nil {
		r.Readings = map[string]float64{result.Reading(result.OfGenerator, result.TasksPerSec): p.TasksPerSec(from, to)}
		return
	}
	r.Readings = map[string]float64{result.Reading(result.OfGenerator, result.Users): p.MeanUsers(from, to)}
}

func (y *system) add(r result.Round) {
	y.result.Rounds = append(y.result.Rounds, r)
	y.result.Tally.Merge(r.Tally)
}

// seal completes the result as if the load ended now.
func (y *system) seal() {
	r := y.result
	r.Finished = r.Started.Add(time.Since(y.began)).Truncate(time.Millisecond)
	r.PlannedRounds, r.Problems = len(r.Rounds), nil
	r.WarmUp.Merge(y.counts.drain(plan.WarmUpRound))
	for _, second := range y.counts.seconds() {
		r.AddSecond(second)
	}
	spoken := r.Generator.Protocol
	if y.clients != nil {
		spoken = y.clients.Spoken()
	}
	for _, m := range y.meters {
		m.whole(r)
	}
	r.Generator.Protocol = spoken
	y.bill.tell(r)
	y.all.add(y.spent)
	y.spent = spent{}
	r.Generator.Machine = y.all.shares()
	if n := r.Tally.Total().Outcomes[tally.Generator]; n > 0 {
		note(r, result.Faulty, fmt.Errorf("this machine could not send %d requests: the figures say nothing about the system", n))
	}
}

// named prefixes an error with the name of the system, if it has one.
func (y *system) named(err error) error {
	var failure *Failure
	switch {
	case err == nil || y.Name == "" || errors.Is(err, ErrInterrupted):
		return err
	case errors.As(err, &failure):
		return &Failure{What: y.Name + ": " + failure.What, Output: failure.Output}
	}
	return fmt.Errorf("%s: %w", y.Name, err)
}
