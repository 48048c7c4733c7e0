package capacity

import (
	"math"
	"time"
)

// Config is what a Search needs to know. Start, Least and Precision have no defaults: see Rates and Users.
type Config struct {
	Start     float64       // the first load
	Least     float64       // the lowest load that is tried
	Most      float64       // the highest load that may be tried; 0 for no limit
	MostWhy   string        // what allows no more, such as limits.rate
	Whole     bool          // loads are whole numbers
	Precision float64       // the bracket is narrow enough if its ends differ by this share
	Sure      bool          // the load is confirmed in three trials, and must hold in each
	Budget    time.Duration // for all trials and the pauses between them; 0 for no limit
}

// Rates is a search for a rate of tasks, in tasks each second.
func Rates() Config { return Config{Start: 8, Least: 1, Precision: 0.05} }

// Users is a search for a number of users.
func Users() Config { return Config{Start: 1, Least: 1, Whole: true, Precision: 0.05} }

// Trial is a load to try.
type Trial struct {
	Load   float64       `json:"load"`      // tasks each second, or users
	Settle time.Duration `json:"settle_ns"` // unjudged, at the beginning
	Length time.Duration `json:"length_ns"` // judged
	Phase  Phase         `json:"phase"`
}

// whole is how long a trial lasts.
func (t Trial) whole() time.Duration { return t.Settle + t.Length }

// Phase says what a trial is for.
type Phase string

// The phases.
const (
	Doubling Phase = "doubling" // upwards, until a load breaks; downwards, until one holds
	Halving  Phase = "halving"  // the gap, in logarithms
	Again    Phase = "again"    // a load that broke in a short trial
	Confirm  Phase = "confirm"
)

// The trials of each phase. Their beginnings are not judged: connections are opened, and queues find their length.
var (
	short  = Trial{Settle: time.Second, Length: 3 * time.Second, Phase: Doubling}
	middle = Trial{Settle: 2 * time.Second, Length: 10 * time.Second, Phase: Halving}
	again  = Trial{Settle: 2 * time.Second, Length: 10 * time.Second, Phase: Again}
	long   = Trial{Settle: time.Second, Length: 15 * time.Second, Phase: Confirm}
	sure   = Trial{Settle: 2 * time.Second, Length: 15 * time.Second, Phase: Confirm}
)

// A load is confirmed once it held so often, and given up once it broke so often. One long trial would make the claim
// more than 5 % too high in 3 of 100 searches on a machine whose speed differs by 6 % between trials; the better of
// three halves of it makes that 1 of 100, and one hiccup of the system does not decide.
const (
	usualHolds, usualMisses = 2, 2
	sureHolds, sureMisses   = 3, 1
)

// stepDown goes to the next load, when one could not be confirmed.
const stepDown = 0.95

// Search is the state of a search. Make one with New. Not safe for concurrent use.
type Search struct {
	config Config
	trials []Outcome
	spent  time.Duration

	phase    Phase
	load     float64  // of the next trial
	low      *Outcome // the highest load that held; nil for none so far
	high     *Outcome // the lowest load above low that did not; nil for none so far
	times    int      // how often load held while it is confirmed
	misses   int      // how often it did not
	done     bool     // it was confirmed as often as it takes
	hurried  bool     // it is confirmed early, because the budget is nearly spent
	hindered int      // how often the present trial was hindered: it is repeated
	stopped  Stop
	why      string
}

// New begins a search.
func New(c Config) *Search { return &Search{config: c, phase: Doubling, load: c.limited(c.Start)} }

// limited is a load within the limits.
func (c Config) limited(load float64) float64 {
	if c.Most > 0 {
		load = min(load, c.Most)
	}
	return max(load, c.Least)
}

// rounded is a load as people write it: three digits at least, or a whole number.
func (c Config) rounded(load float64) float64 {
	digits := 1.0
	switch {
	case c.Whole || load >= 100:
	case load >= 10:
		digits = 10
	default:
		digits = 100
	}
	return c.limited(math.Round(load*digits) / digits)
}

// Next is the trial that comes next. It is not ok once the search is over.
func (s *Search) Next() (t Trial, ok bool) {
	if s.stopped != "" {
		return Trial{}, false
	}
	if t = s.trial(); s.config.Budget <= 0 {
		return t, true
	}
	left := s.config.Budget - s.spent
	if s.phase != Confirm && s.low != nil && left < t.whole()+s.confirming() && left >= s.confirming() { // rather confirm what is known
		s.confirm(s.low.Load)
		t, s.hurried = s.trial(), true
	}
	if left < t.whole() {
		s.Stop(OutOfBudget, "")
		return Trial{}, false
	}
	return t, true
}

// trial is the next trial, whatever the budget.
func (s *Search) trial() Trial {
	t := short
	switch {
	case s.phase == Halving:
		t = middle
	case s.phase == Again:
		t = again
	case s.phase == Confirm && s.config.Sure:
		t = sure
	case s.phase == Confirm:
		t = long
	}
	t.Load = s.load
	return t
}

// confirming is how long a confirmation takes at least.
func (s *Search) confirming() time.Duration {
	if s.config.Sure {
		return sureHolds * sure.whole()
	}
	return usualHolds * long.whole()
}

// Add takes the outcome of the trial that Next gave.
func (s *Search) Add(o Outcome) {
	s.trials = append(s.trials, o)
	s.spent += o.Took
	if o.Status == Hindered && s.hindered < repeats(o.Phase) {
		s.hindered++
		return // the same trial again
	}
	s.hindered = 0
	switch s.phase {
	case Doubling:
		s.doubled(o)
	case Halving:
		s.halved(o)
	case Again:
		s.lookedAgain(o)
	case Confirm:
		s.confirmed(o)
	}
}

// repeats is how often a trial is repeated that was hindered: other programs may have kept the machine busy for a moment.
func repeats(of Phase) int {
	if of == Doubling {
		return 2
	}
	return 1
}

// doubled goes up while loads hold, and down until one does.
func (s *Search) doubled(o Outcome) {
	switch {
	case o.Status == Held:
		s.low = &o
		switch up := s.config.rounded(2 * o.Load); {
		case s.high != nil && s.high.Status == Hindered: // it came from above, where nothing was seen
			s.phase, s.load = Again, s.high.Load
		case s.high != nil:
			s.halve()
		case up <= o.Load:
			s.confirm(o.Load) // as much as is allowed
		default:
			s.load = up
		}
	case s.low != nil:
		s.high = &o
		s.halve()
	case o.Load > s.config.Least:
		s.high = &o
		s.load = s.config.rounded(o.Load / 2)
	default:
		s.high, s.phase = &o, Again
	}
}

// halve goes to the middle of the gap, if it is still too wide, else to the confirmation.
func (s *Search) halve() {
	low, high := s.low.Load, s.high.Load
	middle := s.config.rounded(math.Sqrt(low * high))
	wide := high > low*(1+s.config.Precision)*(1+1e-9) && middle > low && middle < high
	switch {
	case wide:
		s.phase, s.load = Halving, middle
	case s.doubtful() && s.heldBelow():
		s.phase, s.load = Again, high
	default:
		s.confirm(low)
	}
}

// doubtful tells whether the upper end of the gap rests on a short trial alone.
func (s *Search) doubtful() bool { return s.high.Phase == Doubling && s.high.Status != Refused }

// heldBelow tells whether all trials in the halves below the upper end of the gap have held. There must be some.
func (s *Search) heldBelow() bool {
	halves := 0
	for _, o := range s.trials {
		if o.Phase == Halving && o.Load < s.high.Load {
			if o.Status != Held {
				return false
			}
			halves++
		}
	}
	return halves > 0
}

func (s *Search) halved(o Outcome) {
	if o.Status == Held {
		s.low = &o
	} else {
		s.high = &o
	}
	s.halve()
}

// lookedAgain goes on from a load that had broken in a short trial: the lowest one, or the upper end of the gap.
func (s *Search) lookedAgain(o Outcome) {
	lowest := s.low == nil
	switch {
	case o.Status == Held:
		s.low, s.high = &o, s.lowestAbove(o.Load)
		switch up := s.config.rounded(2 * o.Load); {
		case s.high != nil:
			s.halve()
		case up <= o.Load:
			s.confirm(o.Load)
		default:
			s.phase, s.load = Doubling, up
		}
	case lowest:
		s.high = &o
		s.Stop(Nothing, "")
	default:
		s.high = &o
		s.halve()
	}
}

// lowestAbove is the lowest load above another one that did not hold; nil for none.
func (s *Search) lowestAbove(load float64) (lowest *Outcome) {
	for i := range s.trials {
		o := &s.trials[i]
		if o.Status != Held && o.Load > load && (lowest == nil || o.Load < lowest.Load) {
			lowest = o
		}
	}
	return lowest
}

// confirm begins to confirm a load.
func (s *Search) confirm(load float64) { s.phase, s.load, s.times, s.misses = Confirm, load, 0, 0 }

func (s *Search) confirmed(o Outcome) {
	holds, misses := usualHolds, usualMisses
	if s.config.Sure {
		holds, misses = sureHolds, sureMisses
	}
	if o.Status == Held {
		s.low = &o
		if s.times++; s.times == holds {
			s.done = true
			s.Stop(s.reason())
		}
		return
	}
	if s.misses++; s.misses < misses {
		return
	}
	s.high = &o
	if s.low != nil && s.low.Load >= o.Load {
		s.low = nil
	}
	next := s.config.rounded(o.Load * stepDown)
	if next >= o.Load { // users are whole numbers
		next = s.config.rounded(o.Load - 1)
	}
	if next >= o.Load {
		s.Stop(Nothing, "")
		return
	}
	s.confirm(next)
}

// reason is why a search ends whose load was confirmed.
func (s *Search) reason() (reason Stop, why string) {
	switch {
	case s.hurried && (s.high == nil || s.high.Load > s.low.Load*(1+s.config.Precision)*(1+1e-9)):
		return OutOfBudget, ""
	case s.high == nil:
		return AtLimit, s.config.MostWhy
	case s.high.Status == Refused:
		return AtLimit, s.high.Why
	case s.high.Status == Hindered:
		return AtGenerator, s.high.Why
	}
	return Found, ""
}

// Stop ends the search for a reason of the caller's. The first reason counts.
func (s *Search) Stop(reason Stop, why string) {
	if s.stopped == "" {
		s.stopped, s.why = reason, why
	}
}
