package result

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// MaxShards is the most shards that share a load.
const MaxShards = 1_000

// MostSkew is how much later than the first a shard may begin, as a share of a round. Past it the figures of a round
// are not of the same seconds on all machines.
const MostSkew = 0.05

// Part says which part of a load one machine sent. A result with a Part is never whole: Merge makes a whole one of all parts.
type Part struct {
	Index int    `json:"index"` // from 0
	Of    int    `json:"of"`    // how many shards the load has
	By    string `json:"by"`    // the machine's name
	Users int    `json:"users"` // 0 in the open model
	// Kinds counts those users by their behaviour.
	Kinds map[string]int `json:"kinds,omitempty"`
	Seed  string         `json:"seed"`            // of the plan
	Setup string         `json:"setup,omitempty"` // names the setup whose values its users have
	Began time.Time      `json:"began,omitzero"`  // when its load began; zero if it did not begin
	// Clock compares its machine's clock with that of the meeting point. With it, Began is by the clock of the meeting point;
	// without it, by the machine's.
	Clock *Clock `json:"clock,omitempty"`
	// Lag is how late the generator turned to users and arrivals in judged time.
	Lag hist.Histogram `json:"lag,omitzero"`
}

// String names the part for people, who count from 1.
func (p *Part) String() string { return fmt.Sprintf("shard %d of %d", p.Index+1, p.Of) }

// Problem is the reason why the result of a part cannot be judged.
func (p *Part) Problem() Problem {
	return Problem{PartOnly, fmt.Sprintf("this is %v, a part of the load: plimsoll merge makes the whole run of all shards", p)}
}

func (p *Part) validate() error {
	switch {
	case p == nil:
		return nil
	case p.Of < 1 || p.Of > MaxShards || p.Index < 0 || p.Index >= p.Of || p.Users < 0 || p.Users > maxUsers:
		return fmt.Errorf("impossible shard %d of %d with %d users", p.Index, p.Of, p.Users)
	case len(p.Kinds) > maxKinds || p.Lag.Count() > tally.MaxRequests || p.Lag.Max() > maxLength:
		return fmt.Errorf("impossible shard: %d kinds of users, %d times late, the most %v", len(p.Kinds), p.Lag.Count(), p.Lag.Max())
	}
	for kind, n := range p.Kinds {
		if err := plain("kind of user", kind, maxURL); err != nil {
			return err
		}
		if n < 0 || n > p.Users {
			return fmt.Errorf("impossible shard: %d of its %d users are %.80q", n, p.Users, kind)
		}
	}
	if err := plainAll(maxText, "shard", p.By, p.Seed, p.Setup); err != nil {
		return err
	}
	if err := p.Clock.validate(); err != nil {
		return err
	}
	return validInstant(p.Began)
}

// Clock compares the clock of a shard's machine with that of the meeting point, which all shards of a meeting share.
type Clock struct {
	Ahead time.Duration `json:"ahead_ns"` // how far the machine's clock is ahead; negative if it is behind
	Error time.Duration `json:"error_ns"` // the most that Ahead is wrong
}

func (c *Clock) validate() error {
	if c != nil && (c.Error < 0 || c.Error > maxLength) {
		return fmt.Errorf("impossible shard: its clock was compared with an error of %v", c.Error)
	}
	return nil
}

// wrong is the most that Ahead is wrong; 0 if nobody compared the clocks.
func (c *Clock) wrong() time.Duration {
	if c == nil {
		return 0
	}
	return c.Error
}

// beganHere is when the load began by the machine's own clock.
func (p *Part) beganHere() time.Time {
	if p.Clock == nil {
		return p.Began
	}
	return p.Began.Add(p.Clock.Ahead)
}

// maxKinds is the most kinds of users of a shard.
const maxKinds = 10_000

// validInstant refuses an instant that no machine's clock shows, or that JSON cannot hold. The zero one is valid.
func validInstant(t time.Time) error {
	if t = t.Round(0); !t.IsZero() && (hasOddZone(t) || t.Before(earliest) || !t.Before(latest)) {
		return fmt.Errorf("a shard began at %v: a load begins in the years 1970 to 2199", t)
	}
	return nil
}

// Shard is the part that one machine had in a merged load, and how it did.
type Shard struct {
	Index     int       `json:"index"` // from 0
	By        string    `json:"by"`    // the machine's name
	Users     int       `json:"users"`
	Began     time.Time `json:"began,omitzero"`     // when its load began, by the same clock as in its Part
	Clock     *Clock    `json:"clock,omitempty"`    // as of its Part
	Total     Figures   `json:"total,omitzero"`     // of its judged load, all routes together
	Generator Generator `json:"generator,omitzero"` // how its generator did
}

func (s *Shard) validate() error {
	if s.Index < 0 || s.Index >= MaxShards || s.Users < 0 || s.Users > maxUsers {
		return fmt.Errorf("impossible shard %d of %d users", s.Index, s.Users)
	}
	for _, err := range []error{plain("machine of a shard", s.By, maxText), validInstant(s.Began), s.Clock.validate(), s.Total.validate(), s.Generator.validate()} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Skew is how much later than the first the last shard of a merged load began. wrong is how much more it may be, by the known
// errors of the clocks. Both are 0 for a load in one piece.
func (r *Result) Skew() (skew, wrong time.Duration) {
	if len(r.Shards) < 2 {
		return 0, 0
	}
	first, last := r.Shards[0].Began, r.Shards[0].Began
	from, to := first, last // the widest that the errors allow
	for _, s := range r.Shards {
		first, last = earlier(first, s.Began), later(last, s.Began)
		from, to = earlier(from, s.Began.Add(-s.Clock.wrong())), later(to, s.Began.Add(s.Clock.wrong()))
	}
	return last.Sub(first), to.Sub(from) - last.Sub(first)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A shard is far from the others if its p50, rate or lag differs from the median shard's by more than these factors. For
// times the difference must also be larger than the least one.
const (
	farLatency      = 1.25
	farLatencyLeast = time.Millisecond
	farRate         = 1.25
	farLag          = 2
	farLagLeast     = time.Millisecond

	// The least number of requests that tells a p50, and a rate.
	enoughForLatency = 100
	enoughForRate    = 400
	// surely is how many standard deviations a p50 lies off: many routes of many shards are looked at.
	surely = 5
)

// strays has a sentence for each shard that is far from the others.
func strays(parts []*Result) (notes []string) {
	if len(parts) < 2 {
		return nil
	}
	for i, r := range parts {
		var clauses []string
		for _, clause := range []string{strayLatency(parts, i), strayRate(parts, i), strayLag(parts, i)} {
			if clause != "" {
				clauses = append(clauses, clause)
			}
		}
		if len(clauses) > 0 {
			notes = append(notes, fmt.Sprintf("%s is far from the other shards: %s; look at its machine and its network", named(r), strings.Join(clauses, "; ")))
		}
	}
	return notes
}

// named is a shard with its machine.
func named(r *Result) string { return fmt.Sprintf("%v (%s)", r.Part, r.Part.By) }

// strayLatency compares the p50 of each route. It names the route that is furthest away, or nothing if none is far. Of two
// shards it names the slower one.
func strayLatency(parts []*Result, i int) (note string) {
	worst := 0.0
	for _, route := range parts[i].Routes() {
		own, usual := compared(parts, i, func(r *Result) (float64, bool) {
			t := r.Tally.Routes[route]
			if t == nil || t.Response.Count() < enoughForLatency {
				return 0, false
			}
			return float64(t.Response.Quantile(0.5)), true
		})
		off := far(own, usual, farLatency, float64(farLatencyLeast))
		if off > worst && (len(parts) > 2 || own > usual) && !mayBe(&parts[i].Tally.Routes[route].Response, usual) {
			worst = off
			note = fmt.Sprintf("its p50 of %.80s is %v, that of the median shard %v", route, tidy(own), tidy(usual))
		}
	}
	return note
}

// mayBe reports whether the median of what a histogram samples may be this value: the interval between two of its order
// statistics, which holds the median whatever the distribution (David and Nagaraja, Order Statistics, 2003, 7.1).
func mayBe(h *hist.Histogram, median float64) bool {
	margin := surely * 0.5 / math.Sqrt(float64(h.Count()))
	return float64(h.Quantile(max(0.5-margin, 0))) <= median && median <= float64(h.Quantile(min(0.5+margin, 1)))
}

// strayRate compares successful requests for each second and user. In the open model all shards have the same
// number of arrivals. Shards whose kinds of users differ from those of the whole are left out: they send at another
// rate by the plan.
func strayRate(parts []*Result, i int) string {
	own, usual := compared(parts, i, func(r *Result) (float64, bool) {
		if !mixed(parts, r.Part) || r.Tally.Total().Requests() < enoughForRate {
			return 0, false
		}
		return served(r) / float64(max(r.Part.Users, 1)), true
	})
	if far(own, usual, farRate, 0) == 0 || len(parts) == 2 && own > usual {
		return ""
	}
	each := ""
	if parts[i].Part.Users > 0 {
		each = " for each user"
	}
	return fmt.Sprintf("it had %.3g successful requests a second%s, the median shard %.3g", own, each, usual)
}

// served is the number of successful requests each second of judged time.
func served(r *Result) float64 { return r.Tally.Total().Served() / r.Length().Seconds() }

// mixed reports whether a shard has the kinds of users in the proportions of all, as far as whole users allow.
func mixed(parts []*Result, p *Part) bool {
	all, users := map[string]int{}, 0
	for _, r := range parts {
		users += r.Part.Users
		for kind, n := range r.Part.Kinds {
			all[kind] += n
		}
	}
	for kind, n := range all {
		if math.Abs(float64(p.Kinds[kind])-float64(n)*float64(p.Users)/float64(users)) > 1 {
			return false
		}
	}
	return true
}

// strayLag compares how late the generators were.
func strayLag(parts []*Result, i int) string {
	own, usual := compared(parts, i, func(r *Result) (float64, bool) { return float64(r.Part.Lag.Quantile(0.99)), r.Part.Lag.Count() > 0 })
	if own < usual || far(own, usual, farLag, float64(farLagLeast)) == 0 {
		return ""
	}
	return fmt.Sprintf("its generator was %v late (p99), that of the median shard %v", tidy(own), tidy(usual))
}

// compared returns a shard's value and the median shard's. Of two shards the median is the other one. Both values are NaN
// if there is nothing to compare.
func compared(parts []*Result, i int, value func(*Result) (v float64, ok bool)) (own, usual float64) {
	var all []float64
	for k, r := range parts {
		if v, ok := value(r); ok && (k != i || len(parts) > 2) {
			all = append(all, v)
		}
	}
	own, known := value(parts[i])
	if !known || len(all) < min(len(parts)-1, 3) {
		return math.NaN(), math.NaN()
	}
	return own, median(all)
}

// far is the factor between two values if it is above a limit and the values differ by more than least; else 0.
func far(a, b, limit, least float64) float64 {
	if high, low := max(a, b), min(a, b); high-low > least && high > limit*low {
		return high / max(low, math.SmallestNonzeroFloat64)
	}
	return 0
}

// tidy is a time for people, to about three digits.
func tidy(ns float64) time.Duration {
	d := time.Duration(ns)
	unit := time.Nanosecond
	for unit*1000 <= d {
		unit *= 10
	}
	return d.Round(unit)
}

// distinct are the values that differ, sorted.
func distinct(values []string) []string {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
