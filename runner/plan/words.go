package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Words describes in plain words what the plan will do.
func (p *Plan) Words(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s loads %s.\n", p.Series, p.where())
	if p.Start != nil {
		if len(p.Start.Build) > 0 {
			fmt.Fprintf(&b, "It builds the system with: %s\n", p.Start.ShownBuild)
		}
		fmt.Fprintf(&b, "It starts the system with: %s\n", p.Start.ShownCommand)
	}
	if slices.Contains(p.Protocols, "grpc") {
		b.WriteString(p.Target.GRPC.words(p.Target.URL))
	}
	b.WriteString(p.hostWords())
	if p.Open != nil {
		fmt.Fprintf(&b, "Tasks arrive at %s even if the system is slow: about %.0f in all. While %d are under way, another arrival is dropped, which is a failure.\n",
			p.rates(), p.Open.Expected(), p.Open.MaxInFlight)
	} else {
		b.WriteString(p.ramp())
	}
	fmt.Fprintf(&b, "%s of warm-up, then %s of %s, which are judged: %s in all.\n",
		InWords(p.WarmUp), count(p.Rounds, "round"), InWords(p.RoundLength), InWords(p.Length()))
	for _, t := range p.Data {
		fmt.Fprintf(&b, "data %s: %s, %s\n", t.Name, count(len(t.Rows), "row"), t.Order)
	}
	if len(p.Setup) > 0 {
		fmt.Fprintf(&b, "once, before the users: %s\n", stepWords(p.Setup))
	}
	p.behaviourWords(&b)
	if len(p.Teardown) > 0 {
		fmt.Fprintf(&b, "once, after the users: %s\n", stepWords(p.Teardown))
	}
	for _, note := range p.Notes() {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Plan) behaviourWords(b *strings.Builder) {
	if p.Locust != nil {
		b.WriteString(p.Locust.words())
		return
	}
	users := make([]int, len(p.Behaviours))
	for _, u := range p.Users {
		users[u.Behaviour]++
	}
	for i, behaviour := range p.Behaviours {
		if p.Open != nil {
			fmt.Fprintf(b, "%s: %.1f %% of the tasks\n", behaviour.Name, 100*float64(behaviour.Weight)/float64(totalWeight(p.Behaviours)))
		} else {
			fmt.Fprintf(b, "%s: %s, %s\n", behaviour.Name, count(users[i], "user"), waitWords(behaviour.Wait))
		}
		if len(behaviour.OnStart) > 0 {
			fmt.Fprintf(b, "  at first  %s%s\n", stepWords(behaviour.OnStart), renewWords(behaviour.Renew))
		}
		total := 0
		for _, t := range behaviour.Tasks {
			total += t.Weight
		}
		for _, t := range behaviour.Tasks {
			share := float64(t.Weight) / float64(total)
			fmt.Fprintf(b, "  %5.1f %%  %s%s\n", 100*share, stepWords(t.Steps), p.expected(i, share))
		}
		if len(behaviour.OnStop) > 0 {
			fmt.Fprintf(b, "  at last   %s\n", stepWords(behaviour.OnStop))
		}
	}
}

// expected says how often a task will be done, as far as the plan determines it.
func (p *Plan) expected(behaviour int, share float64) string {
	n, known := p.times(behaviour, share)
	switch {
	case !known:
		return "  (as often as the system answers)"
	case p.Open == nil:
		return fmt.Sprintf("  (at most about %.0f times)", n)
	}
	return fmt.Sprintf("  (about %.0f times)", n)
}

// times is how often a task with a share of its behaviour will be done; in the closed model, at most. It is
// not known if only the system's speed limits it.
func (p *Plan) times(behaviour int, share float64) (n float64, known bool) {
	b := p.Behaviours[behaviour]
	if p.Open != nil {
		return p.Open.Expected() * float64(b.Weight) / float64(totalWeight(p.Behaviours)) * share, true
	}
	period := b.Wait.Period
	if b.Wait.Kind == profile.WaitBetween {
		period = (b.Wait.Min + b.Wait.Max) / 2
	}
	if period <= 0 {
		return 0, false
	}
	for _, u := range p.Users {
		for _, span := range u.Spans {
			if u.Behaviour == behaviour {
				n += 1 + (span.To-span.From).Seconds()/period.Seconds() // the first task begins at once
			}
		}
	}
	return n * share, true
}

func totalWeight(behaviours []Behaviour) (sum int) {
	for _, b := range behaviours {
		sum += b.Weight
	}
	return sum
}

// where is the target for people.
func (p *Plan) where() string {
	where := p.Target.Shown
	if p.Target.Socket != "" {
		where += " through a unix socket"
	}
	return where
}

// rates are the rates of the open model in words.
func (p *Plan) rates() string {
	first := p.Open.pieces[0]
	if len(p.Open.pieces) == 1 && first.from == first.to {
		return fmt.Sprintf("%g/s, %s,", first.from, p.Open.Spacing)
	}
	return fmt.Sprintf("up to %g/s in %s, %s,", p.Open.MaxRate(), count(len(p.Open.pieces), "stage"), p.Open.Spacing)
}

// ramp says how many users there are, and when.
func (p *Plan) ramp() string {
	var last time.Duration
	for _, u := range p.Users {
		if len(u.Spans) > 1 || u.Spans[0].To < p.Length() {
			return fmt.Sprintf("Up to %s in stages, each waiting for its answer.\n", count(len(p.Users), "user"))
		}
		last = max(last, u.Spans[0].From)
	}
	return fmt.Sprintf("%s, each waiting for its answer, all started by %s.\n", count(len(p.Users), "user"), InWords(last))
}

func stepWords(steps []Step) string {
	var words []string
	for i := range steps {
		words = append(words, steps[i].words())
	}
	return strings.Join(words, ", ")
}

// words describe a step, with its repeats and guards.
func (s *Step) words() string {
	var what string
	switch {
	case s.Call != nil:
		what = s.Call.Name
	case s.Wait != nil:
		what = waitWords(*s.Wait)
	default:
		what = "(" + stepWords(s.Steps) + ")"
	}
	switch r := s.Repeat; {
	case r.Max > 0 && r.Min == r.Max:
		what = fmt.Sprintf("%d times %s", r.Max, what)
	case r.Max > 0:
		what = fmt.Sprintf("%d to %d times %s", r.Min, r.Max, what)
	}
	var guards []string
	for _, g := range s.If {
		guards = append(guards, g.Condition.String())
	}
	if len(guards) > 0 {
		what += " if " + strings.Join(guards, " and ")
	}
	return what
}

func renewWords(every time.Duration) string {
	if every == 0 {
		return ""
	}
	return fmt.Sprintf(", and again every %s", InWords(every))
}

func waitWords(w profile.Wait) string {
	switch {
	case w.Kind == profile.WaitPace:
		return fmt.Sprintf("a task every %s", InWords(w.Period))
	case w.Max == 0:
		return "no wait"
	case w.Min == w.Max:
		return fmt.Sprintf("wait %s", InWords(w.Min))
	default:
		return fmt.Sprintf("wait %s to %s", InWords(w.Min), InWords(w.Max))
	}
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// String is the plan in a line, for logs.
func (p *Plan) String() string {
	who := count(len(p.Users), "user")
	if p.Open != nil {
		who = "tasks at " + strings.TrimSuffix(p.rates(), ",")
	}
	if p.Shard.N > 0 {
		who = fmt.Sprintf("%v, %s", p.Shard, who)
		if p.Open != nil {
			who += " in all"
		}
	}
	return fmt.Sprintf("%s: %s, %s warm-up, %s of %s", p.Series, who, InWords(p.WarmUp), count(p.Rounds, "round"), InWords(p.RoundLength))
}

// InWords is a time in words, such as 2m30s, 1h or 667ms: in whole milliseconds, or in about two digits if it is
// less than 10ms.
func InWords(d time.Duration) string {
	unit := time.Millisecond
	for unit > 1 && d < 10*unit {
		unit /= 10
	}
	return strict.InWords(d.Round(unit))
}
