package bottleneck

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Find names what the throughput of a run's system stops at, most important first. It returns one finding at least.
func Find(r *result.Result) []Finding {
	var facts map[string]string
	if r.Watch != nil {
		facts = r.Watch.Facts
	}
	steps := Steps(r)
	f := FindIn(steps, facts)
	if faulty(r) || late(r, steps) && f.Kind != None && !crowded(f) {
		f = Finding{Kind: Generator, Grade: CouldNotTell}
	}
	return []Finding{f}
}

// faulty tells whether requests were not sent at all.
func faulty(r *result.Result) bool {
	return slices.ContainsFunc(r.Problems, func(p result.Problem) bool { return p.Kind == result.Faulty })
}

// late tells whether the generator, or the machine that it runs on, may be what throughput stopped at. A generator that
// was late does not matter where requests took far longer than it was late: users who wait for answers send no more for
// being on time. Neither does it if throughput grew all the same.
func late(r *result.Result, steps []Step) bool {
	if !slices.ContainsFunc(r.Problems, func(p result.Problem) bool { return p.Kind == result.Saturated || p.Kind == result.Busy }) {
		return false
	}
	g := r.Generator
	if len(steps) == 0 || steps[len(steps)-1].Open || g.CPUShare >= generatorFull {
		return true
	}
	return !(g.LagP99.Seconds() <= lagOfResponse*steps[len(steps)-1].Response)
}

// crowded tells whether a finding says that the system, and hardly the generator, used up the machine. Then that is why
// the generator was late.
func crowded(f Finding) bool {
	system, _ := f.Number(result.Reading(result.OfSystem, result.CPUCores))
	generator, read := f.Number(result.Reading(result.OfGenerator, result.CPUCores))
	return f.Kind == CPU && f.Subject == result.OfSystem && read && generator <= generatorSmall*system
}

// FindIn is Find for steps that come from elsewhere, such as the trials of a search, lightest first. Facts are those of
// a Watch.
func FindIn(steps []Step, facts map[string]string) Finding {
	if !answered(steps) {
		return Finding{Kind: Unknown, Grade: CouldNotTell}
	}
	c := newCurve(steps)
	l := &look{curve: c, facts: facts, at: c.past.Readings}
	if !c.grows() && !overloaded(c.last) {
		return l.nearest()
	}
	return l.find()
}

// overloaded tells whether a system could not keep up with a rate: then one step is enough.
func overloaded(s Step) bool { return s.Open && s.Throughput < kneeShare*s.Load }

// look is one search through the rules.
type look struct {
	curve
	facts  map[string]string
	at     map[string]float64 // readings past the knee
	unread []string           // readings that rules would have needed
}

// rules in the order in which they are tried: the first that holds is the finding. What is shown comes before what
// is inferred, and what keeps work out, or holds all of it back, before what is used up.
var rules = [...]func(*look) (Finding, bool){
	(*look).acceptQueue, (*look).quota, (*look).gc, (*look).cpu, (*look).oneThread, (*look).memory, (*look).disk,
	(*look).network, (*look).gpu, (*look).pool, (*look).place, (*look).oneAtATime, (*look).waiting,
}

func (l *look) find() Finding {
	if l.grows() {
		if e := l.elasticity(); e >= 0.8 && l.last.own() < 1.5*l.alone {
			return l.complete(Finding{Kind: None, Grade: Shown})
		}
	}
	for _, rule := range rules {
		if f, ok := rule(l); ok {
			return l.complete(f)
		}
	}
	return l.complete(Finding{Kind: Unknown, Grade: CouldNotTell})
}

// complete adds what every finding rests on.
func (l *look) complete(f Finding) Finding {
	f.Evidence = append(f.Evidence,
		Number{Load, l.last.Load}, Number{Throughput, l.best.Throughput}, Number{LastOf, l.last.Throughput},
		Number{AloneSeconds, l.alone}, Number{LoadedSeconds, l.last.Response})
	if l.grows() {
		f.Evidence = append(f.Evidence, Number{Elasticity, l.elasticity()})
		f.Scaling = l.scaling()
	}
	slices.Sort(l.unread)
	f.Unread = slices.Compact(l.unread)
	f.Next = l.next(f)
	return f
}

// read is a reading past the knee. Without one it is NaN, for which no comparison holds.
func (l *look) read(subject, figure string, of ...string) float64 {
	if x, ok := l.at[result.Reading(subject, figure, of...)]; ok {
		return x
	}
	return math.NaN()
}

// need is read for a rule that cannot do without: a missing reading is told.
func (l *look) need(subject, figure string, of ...string) float64 {
	x := l.read(subject, figure, of...)
	if math.IsNaN(x) {
		l.unread = append(l.unread, result.Reading(subject, figure, of...))
	}
	return x
}

// evidence are those of the readings that are there.
func (l *look) evidence(subject string, figures ...string) (numbers []Number) {
	for _, figure := range figures {
		if x := l.read(subject, figure); !math.IsNaN(x) {
			numbers = append(numbers, Number{result.Reading(subject, figure), x})
		}
	}
	return numbers
}

// watched are the system and what else was watched: also, exporters. The machine and the generator are not asked: what
// the machine has used up, somebody used.
func (l *look) watched(figures ...string) []string {
	names := []string{result.OfSystem}
	for _, figure := range figures {
		for _, name := range subjects(l.at, figure) {
			if name != result.OfMachine && name != result.OfGenerator && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
