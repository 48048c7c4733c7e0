package result

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The bounds of Validate lie far above any real run. Within them no sum over rounds, routes or thousands of
// runs overflows, and every store can keep the result.
const (
	maxLength   = 366 * 24 * time.Hour // of a run
	maxRounds   = 10_000
	maxSeconds  = 100_000
	maxUsers    = 1_000_000_000
	maxStarts   = 1_000_000
	maxProblems = 1_000
	maxReadings = 1_000
	maxNotes    = 100
	maxRate     = 1e15
	maxReading  = 1e300
	maxCores    = 1e6

	// Bytes. PostgreSQL's indexes hold some 2,700 bytes a row.
	maxText    = 500     // of a name: series, branch, commit
	maxURL     = 4_000   // of the target
	maxProblem = 1 << 20 // of the text of a problem
)

var errTooMany = fmt.Errorf("its rounds have more than %d requests", int64(tally.MaxRequests))

// Every run began between these. A machine without a clock of its own starts at the first.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Validate is the contract of a Result: Encode writes, Decode reads and a store keeps only valid ones. It
// accepts everything that a run can measure, even on a machine with a wrong clock. For the rest, its error
// names the impossible value.
func (r *Result) Validate() error {
	if r.Schema != Schema {
		return fmt.Errorf("it is of schema %d, this program knows schema %d", r.Schema, Schema)
	}
	for _, validate := range []func() error{
		r.Identity.validate, r.Environment.validate, r.Origin.validate, r.Generator.validate, r.validateCounts, r.validateTallies, r.validateRounds, r.validateRest,
	} {
		if err := validate(); err != nil {
			return err
		}
	}
	return nil
}

func (i Identity) validate() error {
	i.Started, i.Finished = i.Started.Round(0), i.Finished.Round(0) // a file keeps the wall clock only
	switch {
	case i.Series == "":
		return errors.New("it names no series")
	case hasOddZone(i.Started) || hasOddZone(i.Finished):
		return fmt.Errorf("it lasts from %v to %v, in a time zone that JSON cannot hold", i.Started, i.Finished)
	case i.Started.Before(earliest) || !i.Started.Before(latest):
		return fmt.Errorf("it began at %v: a run begins in the years 1970 to 2199", i.Started)
	case i.Finished.Before(i.Started) || i.Finished.Sub(i.Started) > maxLength:
		return fmt.Errorf("it lasts from %v to %v", i.Started, i.Finished)
	case i.Users < 0 || i.Users > maxUsers:
		return fmt.Errorf("it has %d users", i.Users)
	}
	return errors.Join(
		plain("series", i.Series, maxText), plain("repository", i.Repository, maxText), plain("branch", i.Branch, maxText),
		plain("commit", i.Commit, maxText), plain("profile digest", i.ProfileDigest, maxText), plain("target", i.Target, maxURL),
		plain("version of the program", i.Tool, maxText), plain("number of the CI run", i.CIRun, maxText),
	)
}

// hasOddZone reports whether JSON would change the instant: it has no seconds in a zone.
func hasOddZone(t time.Time) bool {
	_, offset := t.Zone()
	return offset%60 != 0 || offset <= -24*3600 || offset >= 24*3600
}

// plain returns an error unless a text is short, valid and free of control characters.
func plain(what, text string, most int) error {
	if len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("its %s is longer than %d bytes, or holds control characters, or is not UTF-8: %.40q", what, most, text)
	}
	return nil
}

func (e Environment) validate() error {
	if e.CPUCores < 0 || e.MemoryGiB < 0 || !(e.LoadAverage >= 0) || math.IsInf(e.LoadAverage, 0) {
		return fmt.Errorf("impossible environment: %d cores, %d GiB, load average %g", e.CPUCores, e.MemoryGiB, e.LoadAverage)
	}
	if !(e.CPULimit >= 0 && e.CPULimit <= maxCores) || e.MemoryLimit < 0 {
		return fmt.Errorf("impossible limits: %g cores, %d bytes", e.CPULimit, e.MemoryLimit)
	}
	err := plain("kernel", e.Kernel, maxText)
	for _, field := range e.class() {
		err = errors.Join(err, plain(field.name, field.value, maxText))
	}
	return err
}

func (g Generator) validate() error {
	if g.Cores < 0 || !(g.Watching >= 0) || g.Watching > maxReading || !(g.CPUShare >= 0) || math.IsInf(g.CPUShare, 0) || g.GCPauses < 0 || g.GCPauseMax < 0 || g.LagP50 < 0 || g.LagP99 < g.LagP50 || g.LagMax < 0 {
		return fmt.Errorf("impossible generator %+v", g)
	}
	if err := errors.Join(g.Paced.Validate(), g.Machine.validate()); err != nil {
		return err
	}
	return plain("protocol", g.Protocol, maxText)
}

func (m Machine) validate() error {
	for _, share := range []float64{m.Generator, m.System, m.Others, m.Stolen} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("impossible shares of the machine's CPU time: %+v", m)
		}
	}
	return nil
}

// validateCounts checks the lengths of all lists.
func (r *Result) validateCounts() error {
	switch {
	case r.Starts < 0 || r.Starts > maxStarts:
		return fmt.Errorf("its system was started %d times", r.Starts)
	case len(r.Rounds) > maxRounds || r.PlannedRounds < len(r.Rounds) || r.PlannedRounds > maxRounds:
		return fmt.Errorf("it has %d rounds of %d planned", len(r.Rounds), r.PlannedRounds)
	case len(r.Problems) > maxProblems || len(r.Control) > maxRounds || len(r.Shards) > MaxShards || len(r.Legs) > MaxLegs || len(r.Timeline) > maxSeconds:
		return fmt.Errorf("it has %d problems, %d figures of a control, %d shards and %d seconds", len(r.Problems), len(r.Control), len(r.Shards), len(r.Timeline))
	case len(r.Notes) > maxNotes:
		return fmt.Errorf("it has %d notes", len(r.Notes))
	case len(r.PlannedRoutes) > tally.MaxRoutes:
		return fmt.Errorf("it has %d planned routes", len(r.PlannedRoutes))
	}
	return nil
}

// validateTallies checks each tally, the sum of the rounds, and the memory of all histograms together.
func (r *Result) validateTallies() error {
	if r.Origin.Summed {
		return r.validateSummed()
	}
	if err := r.Tally.Validate(); err != nil {
		return err
	}
	all := []*tally.Tally{&r.Tally}
	for i := range r.Rounds {
		if r.Rounds[i].Tally != nil {
			all = append(all, r.Rounds[i].Tally)
		}
	}
	if err := tally.ValidateAll(all[1:]...); err != nil {
		return fmt.Errorf("rounds: %w", err)
	}
	if r.WarmUp != nil {
		if err := r.WarmUp.Validate(); err != nil {
			return fmt.Errorf("warm-up: %w", err)
		}
		all = append(all, r.WarmUp)
	}
	var budget budget
	for _, t := range all {
		for _, route := range t.Routes {
			if err := budget.take(route); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Result) validateRounds() error {
	var length time.Duration
	var routes, total int64 // requests in all rounds
	for i := range r.Rounds {
		round := &r.Rounds[i]
		if err := r.validateRound(round, &routes); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		if length += round.Length; length > maxLength {
			return fmt.Errorf("its rounds last longer than %v", maxLength)
		}
		if total += round.Total.Requests; total > tally.MaxRequests {
			return errTooMany
		}
	}
	return nil
}

func (r *Result) validateRound(round *Round, sum *int64) error {
	if round.Length <= 0 || round.Length > maxLength || round.Start < 0 || round.Start > maxLength {
		return fmt.Errorf("starts at %v and lasts %v", round.Start, round.Length)
	}
	if round.Lag < 0 || !(round.Steal >= 0 && round.Steal <= 1) || !(round.CPUShare >= 0) || math.IsInf(round.CPUShare, 0) {
		return fmt.Errorf("impossible lag %v, steal %g or share of CPU %g", round.Lag, round.Steal, round.CPUShare)
	}
	if err := errors.Join(round.Machine.validate(), round.Total.validate()); err != nil {
		return err
	}
	for name, f := range round.Figures {
		if _, known := r.Tally.Routes[name]; !known {
			return fmt.Errorf("route %.80q is not in the whole", name)
		}
		if err := f.validate(); err != nil {
			return fmt.Errorf("route %.80q: %w", name, err)
		}
		if *sum += f.Requests; *sum > tally.MaxRequests {
			return errTooMany
		}
	}
	if round.Process < 0 || round.Process > maxStarts {
		return fmt.Errorf("impossible process %d", round.Process)
	}
	return errors.Join(round.Cost.validate(), validateReadings(round.Readings))
}

func validateReadings(readings map[string]float64) error {
	if len(readings) > maxReadings {
		return fmt.Errorf("it has %d readings", len(readings))
	}
	for name, value := range readings {
		if err := plain("name of a reading", name, maxText); err != nil {
			return err
		}
		if !(math.Abs(value) <= maxReading) {
			return fmt.Errorf("reading %q is %g", name, value)
		}
	}
	return nil
}

func (f Figures) validate() error {
	ordered := true
	least := time.Duration(0) // of the next quantile that is told
	for _, quantile := range []time.Duration{f.P50, f.P95, f.P99} {
		ordered = ordered && (quantile == 0 || least <= quantile && quantile <= tally.MaxLatency)
		least = max(least, quantile)
	}
	counted := 0 <= f.Failures && f.Failures <= f.Requests && f.Requests <= tally.MaxRequests
	if !ordered || !counted || !(f.Throughput >= 0 && f.Throughput <= maxRate) {
		return fmt.Errorf("impossible figures %+v", f)
	}
	return nil
}

func (r *Result) validateRest() error {
	for _, f := range r.Control {
		if err := f.validate(); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	for _, note := range r.Notes {
		if err := plain("note", note, maxURL); err != nil {
			return err
		}
	}
	for _, p := range r.Problems {
		if err := plain("kind of a problem", string(p.Kind), maxText); err != nil {
			return err
		}
		if len(p.Text) > maxProblem || !utf8.ValidString(p.Text) {
			return fmt.Errorf("the text of a problem has %d bytes, or is not UTF-8", len(p.Text))
		}
	}
	for i := range r.Shards {
		if err := r.Shards[i].validate(); err != nil {
			return err
		}
	}
	for i := range r.Timeline {
		if s := &r.Timeline[i]; !s.possible() {
			return fmt.Errorf("impossible second %+v", *s)
		}
	}
	for _, name := range r.PlannedRoutes {
		if err := tally.ValidName(name); err != nil {
			return fmt.Errorf("planned: %w", err)
		}
	}
	if err := errors.Join(r.Load.validate(), r.Part.validate(), r.validateLegs(), r.Watch.validate(), r.validateGroups()); err != nil {
		return err
	}
	return plain("seed of a pair", r.PairSeed, maxText)
}

func (s *Second) possible() bool {
	timed := 0 <= s.Start && s.Start <= maxLength && 0 <= s.Length && s.Length <= maxLength
	counted := 0 <= s.Failures && s.Failures <= s.Requests && s.Requests <= tally.MaxRequests && 0 <= s.Users && s.Users <= maxUsers
	return timed && counted && 0 <= min(s.P50, s.P95, s.P99) && max(s.P50, s.P95, s.P99) <= tally.MaxLatency
}

func (r *Result) validateGroups() error {
	if len(r.Groups) > tally.MaxRoutes {
		return fmt.Errorf("it has %d groups of routes", len(r.Groups))
	}
	for name, routes := range r.Groups {
		if len(routes) > tally.MaxRoutes {
			return fmt.Errorf("group %.80q has %d routes", name, len(routes))
		}
		for _, one := range append([]string{name}, routes...) {
			if err := tally.ValidName(one); err != nil {
				return fmt.Errorf("group: %w", err)
			}
		}
	}
	return nil
}
