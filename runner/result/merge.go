package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// ShardsError says why results are not all the shards of one load: a sentence for each reason.
type ShardsError []string

func (e ShardsError) Error() string {
	if len(e) == 1 {
		return "merge the shards: " + e[0]
	}
	return "merge the shards:\n  " + strings.Join(e, "\n  ")
}

// Merge makes the result of a load from the results of all its shards, which are named by where they come from. The
// rounds, the whole and their figures are those that one machine would have measured, count by count: no percentile is
// made of percentiles. Equal parts give equal bytes, in whatever order they come.
//
// The error is a ShardsError if the parts do not make the whole: one is missing, there twice, cut short or of another
// load. Nothing is extrapolated. A merged load has Problems if its rounds do not line up, or if the generator of a shard
// was the bottleneck.
//
// The readings are those of shard 1, which alone watches the system. A merged result has no Timeline: the seconds of
// shards are cut at different instants and have no histograms, so nothing of a second could be exact.
func Merge(from map[string]*Result) (*Result, error) {
	if reasons := apart(from); len(reasons) > 0 {
		return nil, ShardsError(reasons)
	}
	parts := slices.SortedFunc(maps.Values(from), func(a, b *Result) int { return cmp.Compare(a.Part.Index, b.Part.Index) })
	first := parts[0]
	m := &Result{
		Schema: Schema, Identity: first.Identity, Environment: environmentOf(parts), Load: first.Load,
		PlannedRounds: first.PlannedRounds, PlannedRoutes: first.PlannedRoutes, Groups: first.Groups,
		WarmUp: &tally.Tally{}, Control: first.Control, Watch: first.Watch,
	}
	m.Started, m.Finished = lasting(parts)
	for i := range first.Rounds {
		m.addRound(parts, i)
	}
	for _, r := range parts {
		if r.WarmUp != nil {
			m.WarmUp.Merge(r.WarmUp)
		}
		m.Shards = append(m.Shards, Shard{
			Index: r.Part.Index, By: r.Part.By, Users: r.Part.Users, Began: r.Part.Began, Clock: r.Part.Clock,
			Total: figures(r.Tally.Total(), r.Length()), Generator: r.Generator,
		})
		for _, p := range r.Problems {
			if p.Kind != PartOnly {
				m.Problems = append(m.Problems, Problem{p.Kind, named(r) + ": " + p.Text})
			}
		}
		for _, note := range r.Notes {
			m.AddNote(named(r) + ": " + note)
		}
	}
	if err := m.mergeGenerators(parts); err != nil {
		return nil, err
	}
	m.compareStarts(parts)
	for _, note := range append(otherMachines(parts), strays(parts)...) {
		m.AddNote(note)
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("merge the shards: %w", err)
	}
	return m, nil
}

// addRound adds round i of all parts.
func (r *Result) addRound(parts []*Result, i int) {
	sum, readings := &tally.Tally{}, maps.Clone(parts[0].Rounds[i].Readings)
	for k, part := range parts {
		sum.Merge(part.Rounds[i].Tally)
		if k == 0 {
			continue
		}
		for _, figure := range []string{Users, TasksPerSec} { // how much load there was
			name := Reading(OfGenerator, figure)
			if more, ok := part.Rounds[i].Readings[name]; ok && readings != nil {
				readings[name] += more
			}
		}
	}
	round := NewRound(parts[0].Rounds[i].Start, parts[0].Rounds[i].Length, sum)
	round.Readings = readings
	r.Rounds = append(r.Rounds, round)
	r.Tally.Merge(sum)
}

// lasting says when a merged run began and finished. All loads begin at one instant. The time before
// the load is the longest that any shard had, and so is the time after it. So a wrong clock does not make a run longer.
func lasting(parts []*Result) (started, finished time.Time) {
	began := slices.MinFunc(parts, func(a, b *Result) int { return a.Part.Began.Compare(b.Part.Began) }).Part.Began
	var before, after time.Duration
	for _, r := range parts {
		here := r.Part.beganHere()
		before, after = max(before, here.Sub(r.Started)), max(after, r.Finished.Sub(here))
	}
	return began.Add(-before).Truncate(time.Millisecond), began.Add(after).Truncate(time.Millisecond)
}

// mergeGenerators says how the generators did together. Cores, their use and who used the machine are of the busiest
// shard, or of the first one with a problem: that is the one that limits the load.
func (r *Result) mergeGenerators(parts []*Result) error {
	busiest := parts[0]
	for _, p := range parts {
		if p.Generator.CPUShare > busiest.Generator.CPUShare {
			busiest = p
		}
	}
	if i := slices.IndexFunc(parts, func(p *Result) bool { return len(p.Problems) > 1 }); i >= 0 {
		busiest = parts[i]
	}
	r.Generator = Generator{Cores: busiest.Generator.Cores, CPUShare: busiest.Generator.CPUShare, Machine: busiest.Generator.Machine}
	var lag hist.Histogram
	var spoken []string
	for _, p := range parts {
		g := p.Generator
		r.Generator.GCPauses += g.GCPauses
		r.Generator.GCPauseMax = max(r.Generator.GCPauseMax, g.GCPauseMax)
		r.Generator.Watching += g.Watching
		r.Generator.Paced.add(g.Paced)
		if err := lag.Merge(&p.Part.Lag); err != nil {
			return fmt.Errorf("merge the lag of the shards: %w", err)
		}
		if g.Protocol != "" {
			spoken = append(spoken, g.Protocol)
		}
	}
	r.Generator.LagP50, r.Generator.LagP99, r.Generator.LagMax = lag.Quantile(0.5), lag.Quantile(0.99), lag.Max()
	r.Generator.Protocol = joined(spoken)
	return nil
}

// compareStarts adds a Problem if the rounds of the shards may not cover the same seconds.
func (r *Result) compareStarts(parts []*Result) {
	skew, wrong := r.Skew()
	length := r.Rounds[0].Length
	if float64(skew+wrong) <= MostSkew*float64(length) {
		return
	}
	byStart := func(a, b *Result) int { return a.Part.Began.Compare(b.Part.Began) }
	first, last := slices.MinFunc(parts, byStart), slices.MaxFunc(parts, byStart)
	after, by, why := inWords(skew), "their clocks", "it was started later: give all shards the same --start-at"
	switch {
	case wrong > 0:
		after, by, why = fmt.Sprintf("%s (± %s)", after, inWords(wrong)), "the meeting point's clock", "check its machine and its connection to the database"
	case skew >= 2*length:
		why = "it was started later, or the clock of one of these machines is wrong: set the clocks (NTP), and give all shards the same --start-at"
	}
	r.Problems = append(r.Problems, Problem{Skewed, fmt.Sprintf(
		"%s began %s after %s by %s, which is more than %g %% of a round of %s, so the rounds do not hold the same seconds; %s",
		named(last), after, named(first), by, 100*MostSkew, inWords(length), why)})
}

// inWords is a span of time such as 1h0m2s or 35ms.
func inWords(d time.Duration) string {
	if d >= 10*time.Second {
		return d.Round(time.Second).String()
	}
	return tidy(float64(d)).String()
}

// environmentOf is the machine that generated the load: where the machines differ, the kinds of all of them, and the
// smallest size.
func environmentOf(parts []*Result) Environment {
	e := parts[0].Environment
	text := func(of func(Environment) string) string {
		var all []string
		for _, r := range parts {
			all = append(all, of(r.Environment))
		}
		return joined(all)
	}
	e.OS, e.Arch = text(func(e Environment) string { return e.OS }), text(func(e Environment) string { return e.Arch })
	e.CPUModel, e.Runner = text(func(e Environment) string { return e.CPUModel }), text(func(e Environment) string { return e.Runner })
	e.ToolMajor, e.Proxy = text(func(e Environment) string { return e.ToolMajor }), text(func(e Environment) string { return e.Proxy })
	for _, r := range parts[1:] {
		o := r.Environment
		e.CPUCores, e.MemoryGiB = min(e.CPUCores, o.CPUCores), min(e.MemoryGiB, o.MemoryGiB)
		e.CPULimit, e.MemoryLimit = lowerLimit(e.CPULimit, o.CPULimit), lowerLimit(e.MemoryLimit, o.MemoryLimit)
		e.LoadAverage = max(e.LoadAverage, o.LoadAverage)
	}
	return e
}

// lowerLimit is the lower of two limits, where 0 is none.
func lowerLimit[T int64 | float64](a, b T) T {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// maxJoined is the most texts that joined names.
const maxJoined = 3

// joined names the values that differ.
func joined(values []string) string {
	all := distinct(values)
	if more := len(all) - maxJoined; more > 0 {
		all = append(all[:maxJoined:maxJoined], fmt.Sprintf("%d others", more))
	}
	return strings.Join(all, " + ")
}

// otherMachines notes that the shards ran on machines of different kinds.
func otherMachines(parts []*Result) []string {
	for _, r := range parts[1:] {
		if differ := parts[0].Environment.Differences(r.Environment); len(differ) > 0 {
			return []string{fmt.Sprintf("the shards ran on machines of different kinds: between %s and %s, %s", named(parts[0]), named(r), strings.Join(differ, "; "))}
		}
	}
	return nil
}
