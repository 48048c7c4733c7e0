package plan

import (
	"fmt"
	"slices"
	"time"
)

// Notes say which parts of the profile the plan will not do, and the remedy, as far as that is known before
// the run. A route that nobody requests is never judged.
func (p *Plan) Notes() []string {
	notes := slices.Clone(p.remarks)
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if p.StopWithin < p.Target.Timeout && p.Locust == nil {
		note("stop_within (%s) is shorter than target.timeout (%s): requests that take longer than %s after the end are cut off and counted as unfinished; remove stop_within to wait for them",
			InWords(p.StopWithin), InWords(p.Target.Timeout), InWords(p.StopWithin))
	}
	for i := range p.Behaviours {
		b := &p.Behaviours[i]
		if p.idle(i) {
			note("%s gets none of the %s, so its requests are never sent: %s", b.Name, count(p.AllUsers, "user"), p.enough(i))
			continue
		}
		total := 0
		for _, t := range b.Tasks {
			total += t.Weight
		}
		for _, t := range b.Tasks {
			if n, known := p.times(i, float64(t.Weight)/float64(total)); known && n < 1 {
				name := t.Name
				if name == "" {
					name = stepWords(t.Steps)
				}
				note("%s: the whole run will do the task %s about %.2g times: raise its weight, or load.run_time", b.Name, name, n)
			}
		}
		p.tooLate(b, note)
	}
	return notes
}

// idle reports whether a behaviour gets no user in the closed model.
func (p *Plan) idle(behaviour int) bool {
	if p.Open != nil || p.Shard.N > 1 {
		return false
	}
	for _, u := range p.Users {
		if u.Behaviour == behaviour {
			return false
		}
	}
	return true
}

// enough says how many users are needed in all to give this behaviour a user.
func (p *Plan) enough(behaviour int) string {
	next := p.dealer()
	for n := 1; n <= 100_000; n++ {
		if next() == behaviour {
			return fmt.Sprintf("it needs %d users in all, or fixed: 1 in place of its weight", n)
		}
	}
	return "write fixed: 1 in place of its weight"
}

// tooLate notes calls that come after waits as long as the run.
func (p *Plan) tooLate(b *Behaviour, note func(format string, args ...any)) {
	began := p.behind(b.Name, b.OnStart, 0, note)
	for i := range b.Tasks {
		p.behind(b.Name, b.Tasks[i].Steps, began, note)
	}
}

// behind is the earliest end of steps, if only their waits take time.
func (p *Plan) behind(who string, steps []Step, at time.Duration, note func(format string, args ...any)) time.Duration {
	for i := range steps {
		s := &steps[i]
		least := 1
		if s.Repeat.Max > 0 {
			least = s.Repeat.Min
		}
		switch began := at; {
		case s.Call != nil && at >= p.Length():
			note("%s: %s comes after waits of %s, but the run lasts %s, so it is never sent; make load.run_time longer, or the waits shorter", who, s.Call.Name, InWords(at), InWords(p.Length()))
		case s.Wait != nil:
			at += time.Duration(least) * s.Wait.Min
		case len(s.Steps) > 0:
			once := p.behind(who, s.Steps, began, note) - began
			at = began + time.Duration(least)*once
		}
	}
	return at
}
