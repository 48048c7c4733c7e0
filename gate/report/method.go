package report

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// method says how the figures were measured, in lines of markdown.
func (v view) method() []string {
	s := v.Subject
	var lines []string
	if s.Rounds > 0 {
		lines = append(lines, fmt.Sprintf("load: %s, %s of %v each, after the warm-up", who(s.Users), count(s.Rounds, "round"), s.RoundLength.Round(time.Millisecond)))
	}
	if len(v.Verdict.Comparisons) > 0 {
		lines = append(lines, v.figures())
	}
	if sight := v.sight(); sight != "" {
		lines = append(lines, sight)
	}
	if v.routes.improved > 0 {
		lines = append(lines, "improved: better by more than the limit, and the whole interval is on the better side")
	}
	if starts := v.Verdict.Baseline.Starts; starts > 0 && v.Verdict.Mode == gate.Paired {
		lines = append(lines, fmt.Sprintf("starts: base and head were started %s each", count(starts, "time")))
	}
	lines = append(lines,
		"profile: digest "+span(short(s.ProfileDigest), maxName),
		"machine: "+machine(s.Environment),
		"load generator: "+generator(s.Generator, span),
		fmt.Sprintf("run: %s with plimsoll %s", span(short(s.Run), maxName), span(s.Tool, maxName)),
	)
	if s.Commit != "" {
		commit := span(short(s.Commit), maxName)
		if s.Dirty {
			commit += " with uncommitted changes"
		}
		lines = append(lines, "commit: "+commit)
	}
	return lines
}

func machine(e result.Environment) string {
	text := fmt.Sprintf("%s, %s, %d GiB", span(e.CPUModel, maxName), count(e.CPUCores, "core"), e.MemoryGiB)
	if e.Runner != "" {
		text += ", runner " + span(e.Runner, maxName)
	}
	return text
}

// figures explains the columns of the tables.
func (v view) figures() string {
	from := "from all runs"
	of := "runs"
	if v.Verdict.Mode != gate.Stored {
		from, of = "from the pairs", "rounds"
	}
	if v.Verdict.Mode == gate.UnderLoad {
		return "figures: Idle is the median of its rounds; Change is estimated from the pairs, its 95 % interval is in brackets; Full load is Idle plus that change; " +
			"latencies are response times, counted from when a request was due"
	}
	under := ""
	if v.Verdict.Loads != nil {
		under = "under load, Baseline is this change when idle; "
	}
	return fmt.Sprintf("figures: Baseline is the median of its %s; Change is estimated %s, its 95 %% interval is in brackets; This change is Baseline plus that change; %s"+
		"latencies are response times, counted from when a request was due", of, from, under)
}

// sight says how large a change may pass; empty if that is unknown.
func (v view) sight() string {
	var least, most *gate.Comparison
	for _, i := range v.all {
		c := &v.Verdict.Comparisons[i]
		if through(c) == 0 {
			continue
		}
		if least == nil || through(c) < through(least) {
			least = c
		}
		if most == nil || through(c) > through(most) {
			most = c
		}
	}
	one := func(c *gate.Comparison) string {
		route := RouteName(c.Route)
		if route == c.Route {
			route = span(c.Route, maxName)
		}
		return fmt.Sprintf("%.0f %% (%s, %s)", 100*through(c), route, metric(c.Metric, span))
	}
	switch {
	case least == nil:
		return ""
	case through(least) == through(most):
		return "sight: changes of up to " + one(least) + " may pass; larger ones are found nine times in ten"
	default:
		return fmt.Sprintf("sight: changes of up to %s at best, and up to %s at worst, may pass; larger ones are found nine times in ten", one(least), one(most))
	}
}

// generator has a line on the load generator: its CPU time, its lag, and the tasks that it missed.
func generator(g result.Generator, foreign show) string {
	if g.Cores == 0 {
		return "unknown"
	}
	text := fmt.Sprintf("used %.0f %% of %s", 100*g.CPUShare, count(g.Cores, "core"))
	if g.Watching > 0 {
		text += fmt.Sprintf(" (%.2g %% of one core to watch)", 100*g.Watching)
	}
	if g.LagP99 > 0 {
		text += fmt.Sprintf(", started requests %s late (p99 %s)", latency(g.LagP50), latency(g.LagP99))
	}
	if p := g.Paced; p.Begun < p.Due {
		text += fmt.Sprintf(", began %d of the %d tasks that the rate asked for", p.Begun, p.Due)
		if p.Missed > 0 {
			text += fmt.Sprintf(" (it was too late for %d of the others)", p.Missed)
		}
	}
	if g.Protocol != "" {
		text += ", spoke " + foreign(g.Protocol, maxName)
	}
	return text
}

// generatorOf is generator for a run, which another tool may have measured.
func generatorOf(r *result.Result, foreign show) string {
	switch tool := r.Origin.Tool; {
	case r.Origin.Imported():
		return foreign(tool, maxName) + ", whose CPU time and lag are not known"
	case r.Origin.Driven:
		return foreign(tool, maxName) + ", which " + generator(r.Generator, foreign) + "; its lag is not known"
	}
	return generator(r.Generator, foreign)
}

// who says who sent the requests.
func who(users int) string {
	if users == 0 {
		return "tasks arriving at a rate"
	}
	return count(users, "user")
}
