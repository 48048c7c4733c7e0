package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Trial is load that stays the same: unjudged for Settle, then judged for Length.
type Trial struct {
	Load           float64 // tasks each second, or users
	Settle, Length time.Duration
}

// Attempt is what became of a Trial.
type Attempt struct {
	Trial
	Round *result.Round // the judged time; nil if there was none
	Cut   string        // why it ended early; empty if it did not
	// Hindered is what kept the load generator from its work; nil if nothing did.
	Hindered *result.Problem
	Missed   float64       // share of the tasks due that the load generator did not begin
	Limited  bool          // it was cut because limits.rate allows no more
	Took     time.Duration // since the last Attempt, or since the load began
}

// Searching is what Search needs besides the system. All fields but Next are optional.
type Searching struct {
	Config
	Users bool // trials are of users, and not of tasks each second
	// Answer is the time in which calls should be answered. It says how many tasks may be in flight, and how many users log
	// in before a trial.
	Answer time.Duration
	// Hopeless says why a system will not hold a load, from what ended in the last second; empty if it may.
	Hopeless func(second *tally.Tally) string
	// Next says which trial comes next. It gets the last attempt, nil before the first one.
	Next func(last *Attempt) (t Trial, more bool)
}

const (
	hopelessFor = 2 // seconds after which a hopeless trial is ended
	// Warm-up: enough to open connections. The first trials, which are small, warm up the rest.
	leastWarmUp, mostWarmUp = 2 * time.Second, 10 * time.Second
	lightRate               = 4.0 // tasks each second
	readyWithin             = 30 * time.Second
	flightFactor            = 10     // times the answers that may be in flight at once
	mostFlights             = 10_000 // or as many as the profile allows, if that is more
	leastJudged             = 500 * time.Millisecond
)

// Search loads one system in one trial after another, in one session, as Next says. The plan's own load is not used:
// trials of a rate turn users into arrivals (plan.Arriving). Users log in before the trial that needs them. Between trials
// it waits until the system has recovered. A trial ends early if Hopeless says so for two seconds, if more tasks than
// allowed are in flight for as long, or if the plan's limits.abort says that the answers are too bad.
//
// The result has a round for each trial with judged load. Errors are those of Run. A limit of the machine in limits.abort,
// the end of the system and an interrupt end the search; the result then has the trials so far, and a Problem.
func Search(ctx context.Context, one System, c Searching) (*result.Result, error) {
	if err := refuseLocust(one.Plan, "with one load after another"); err != nil {
		return nil, err
	}
	switch {
	case !c.Users:
		one.Plan = one.Plan.Arriving()
	case one.Plan.Open != nil:
		return nil, &Refusal{Text: "the profile has a rate, and no users to search for: search for a rate"}
	case one.Plan.Fixed():
		return nil, &Refusal{Text: "each kind of user has a fixed number, so there are no users to search for: give one of them a weight, or search for a rate"}
	default:
		pl := *one.Plan
		pl.AllUsers = int(MostUsers(&pl)) | 1 // rows are dealt for as many
		one.Plan = &pl
	}
	x := &search{session: newSession(c.Config), want: c}
	x.session.show = x.tell
	defer x.close(ctx)
	var err error
	if x.system, err = x.open(ctx, one); err != nil {
		return nil, err
	}
	return x.run(ctx)
}

// MostUsers is how many users this machine can have at once with a plan.
func MostUsers(p *plan.Plan) float64 {
	if p.Target.Connections > 0 {
		return mostFlights
	}
	return float64(min(mostFlights, freeConnections()))
}

// freeConnections is how many connections this process may have.
func freeConnections() int {
	most := math.MaxInt
	if files := openFiles(); files > 0 && files < math.MaxInt {
		most = int(files) - spareFiles
	}
	if ports := ephemeralPorts(); ports > 0 {
		most = min(most, ports)
	}
	return most
}

// search is a session with one system and many trials.
type search struct {
	*session
	want   Searching
	system *system

	number  int     // of trials and probes so far
	arrival int     // the index of the next arrival
	users   int     // that have worked
	trials  int     // so far
	lowest  float64 // load that was tried
	// alone is how long an answer took on average with hardly any load, by route.
	alone   map[string]time.Duration
	phase   string // for Progress
	seconds int    // how long the present trial has been hopeless
}

// run makes trials until Next says that it is enough.
func (x *search) run(ctx context.Context) (*result.Result, error) {
	x.start = time.Now()
	x.system.loaded, x.system.trial = x.system, x
	if err := x.warmUp(ctx); err != nil {
		return x.ended(ctx, err)
	}
	from := time.Now()
	var last *Attempt
	for {
		t, more := x.want.Next(last)
		if !more {
			x.system.dismiss(ctx)
			x.system.seal()
			return x.system.result, nil
		}
		var err error
		if last, err = x.try(ctx, t); err != nil {
			return x.ended(ctx, err)
		}
		last.Took, from = time.Since(from), time.Now()
	}
}

// ended is the result of a search that ended early.
func (x *search) ended(ctx context.Context, err error) (*result.Result, error) {
	y := x.system
	kind := result.Aborted
	switch {
	case isClosed(y.ended()):
		kind, err = result.TargetDied, fmt.Errorf("%w (%s)", y.program.Failure(), x.phase)
	case x.interrupted(ctx):
		kind, err = result.Interrupted, fmt.Errorf("%w; whole trials: %d", ErrInterrupted, x.trials)
	}
	y.dismiss(ctx)
	y.seal()
	note(y.result, kind, err)
	return y.result, err
}

// errEnded stands for an end that ended explains.
var errEnded = errors.New("the search ended early")

// warmUp loads the system a little, unjudged.
func (x *search) warmUp(ctx context.Context) error {
	x.phase = warmUp
	t := Trial{Load: lightRate, Settle: min(max(x.system.plan.WarmUp, leastWarmUp), mostWarmUp)}
	if x.want.Users {
		t.Load = 1
	}
	if missing, err := x.ready(ctx, t); err != nil || missing > 0 {
		return err // the first trial says who is missing
	}
	m := x.stretch(ctx, x.system, x.shift(t))
	x.system.seal()
	return x.whole(ctx, m)
}

// whole returns an error if a stretch ended in a way that ends the search.
func (x *search) whole(ctx context.Context, m measured) error {
	var short *cut
	switch {
	case isClosed(x.system.ended()) || x.interrupted(ctx):
		return errEnded
	case m.stoppedBy == nil || errors.As(m.stoppedBy, &short):
		return nil
	case errors.Is(m.stoppedBy, errTooFast):
		return nil
	}
	return fmt.Errorf("ended early, after %d trials: %w", x.trials, m.stoppedBy)
}

// shift is the plan of a trial, and makes the next one's.
func (x *search) shift(t Trial) *plan.Plan {
	x.number++
	of := plan.Trial{Load: t.Load, Settle: t.Settle, Length: t.Length, Number: x.number, First: x.arrival, Known: x.users, MaxInFlight: x.flights(t.Load)}
	if x.want.Users {
		x.users = max(x.users, int(t.Load))
	} else {
		x.arrival = of.After()
	}
	p := x.system.plan.Trial(of)
	p.StopWithin = min(p.StopWithin, max(time.Second, 2*x.want.Answer))
	return p
}

// flights is how many tasks may be in flight at once: many times as many as there are if calls are answered in time.
func (x *search) flights(load float64) int {
	if x.want.Users {
		return 0
	}
	p := x.system.plan
	most := max(p.Open.MaxInFlight, min(mostFlights, freeConnections()))
	return min(max(p.Open.MaxInFlight, int(flightFactor*load*p.TaskTime(x.want.Answer).Seconds())), most)
}

// ready lets the users log in that a trial will need. It says how many could not.
func (x *search) ready(ctx context.Context, t Trial) (missing int, err error) {
	y := x.system
	open, done := untilAny(ctx, x.Stop, y.ended())
	defer done()
	servers := 0
	if !x.want.Users {
		n := t.Load * y.plan.TaskTime(x.want.Answer).Seconds() // in flight on average, if each answer takes so long
		servers = int(math.Ceil(n + 4*math.Sqrt(n) + 4))
	}
	p := y.plan.Trial(plan.Trial{Load: t.Load, Settle: readyWithin, First: x.arrival, MaxInFlight: x.flights(t.Load)})
	y.counts.begin(p, time.Since(x.start))
	y.abort = func(error) {}
	missing = y.crew.Ready(ctx, open.Done(), p, servers, x.arrival)
	x.arrival += servers
	y.counts.end() //nolint:errcheck // no limit counts here
	if x.interrupted(ctx) || isClosed(y.ended()) {
		return missing, errEnded
	}
	return missing, nil
}

// try makes one trial, once the system has recovered from the last one.
func (x *search) try(ctx context.Context, t Trial) (*Attempt, error) {
	y := x.system
	if err := x.recover(ctx); err != nil {
		return nil, err
	}
	x.phase = fmt.Sprintf("trial at %.4g/s", t.Load)
	if x.want.Users {
		x.phase = fmt.Sprintf("trial with %.0f users", t.Load)
	}
	a := &Attempt{Trial: t}
	x.trials++
	missing, err := x.ready(ctx, t)
	if err != nil {
		return nil, err
	}
	if missing > 0 {
		a.Cut = fmt.Sprintf("on_start did not succeed for %d of the users within %v", missing, readyWithin)
		return a, nil
	}
	x.seconds = 0
	y.counts.forget()
	y.judged = time.Since(x.start) + t.Settle
	m := x.stretch(ctx, y, x.shift(t))
	if err := x.whole(ctx, m); err != nil {
		return nil, err
	}
	x.fill(a, m)
	y.seal()
	return a, nil
}

// fill fills in an attempt after its stretch.
func (x *search) fill(a *Attempt, m measured) {
	var short *cut
	a.Limited = errors.Is(m.stoppedBy, errTooFast) || errors.Is(m.past, errTooFast)
	switch {
	case errors.As(m.stoppedBy, &short):
		a.Cut = short.text
	case m.stoppedBy != nil:
		a.Cut = m.stoppedBy.Error()
	case a.Limited:
		a.Cut = m.past.Error()
	}
	y := x.system
	length := m.until - a.Settle
	if length <= 0 {
		y.takeRound(a.Settle, false) // so that nothing of it is left
		return
	}
	for _, of := range y.meters {
		if h, ok := of.(*health); ok {
			a.Hindered, a.Missed = h.hindered(y)
		}
	}
	r := y.takeRound(length, false)
	a.Round = &r
	if length >= leastJudged {
		y.add(r)
	}
	if a.Cut == "" && (x.lowest == 0 || a.Load < x.lowest) {
		x.lowest = a.Load
	}
	x.learn(r.Tally)
}

// hindered says what kept the generator from its work since the last call of whole, and what part of its tasks it missed.
func (h *health) hindered(y *system) (*result.Problem, float64) {
	now := result.Result{Environment: y.result.Environment, Generator: h.latest.generator()}
	now.Generator.Machine = y.spent.shares()
	missed := 0.0
	if p := now.Generator.Paced; p.Due > 0 {
		missed = float64(p.Missed) / float64(p.Due)
	}
	return saturated(&now), missed
}

// cut says why a trial was ended early. The search goes on.
type cut struct{ text string }

func (c *cut) Error() string { return c.text }

// tick says each second whether a trial must end. reason is why a run would.
func (x *search) tick(reason error) error {
	if reason != nil {
		if errors.Is(reason, errTooFast) {
			return reason
		}
		return &cut{reason.Error()}
	}
	at := x.system.counts
	if time.Since(at.start) >= at.shift.Length() { // only answers to earlier requests still come in
		return nil
	}
	second, text := &at.latest, ""
	if x.want.Hopeless != nil {
		text = x.want.Hopeless(second)
	}
	if second.Total().Outcomes[tally.Dropped] > 0 {
		text = fmt.Sprintf("%d tasks were in flight, and no more may be", at.shift.Open.MaxInFlight)
	}
	if text == "" {
		x.seconds = 0
		return nil
	}
	if x.seconds++; x.seconds < hopelessFor {
		return nil
	}
	return &cut{text}
}

// tell shows the progress of the present trial.
func (x *search) tell(_ *system, now Progress) {
	if now.Loading {
		now.Phase, now.Elapsed = x.phase, time.Since(x.start)
	}
	x.Progress(now)
}
