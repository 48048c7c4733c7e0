package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// FoundIn is what a result alone says beyond its figures: whether anything grew or drifted, and where its throughput
// stops. A run that is not whole, or was not watched, says nothing of the latter.
func FoundIn(r *result.Result) Found {
	found := Found{Stability: stabilityOf(r)}
	for _, f := range bottleneck.Find(r) {
		if f.Kind != bottleneck.Generator && (f.Kind != bottleneck.Unknown || watched(r)) {
			found.Bottleneck = Bottleneck(f, r.Users > 0)
			break
		}
	}
	return found
}

func watched(r *result.Result) bool {
	return slices.ContainsFunc(r.Rounds, func(round result.Round) bool { return len(round.Readings) > 0 })
}

// Bottleneck says in one line what a system's throughput stops at, how sure that is, and the numbers that it rests on.
// closed says that the load is counted in users, and not in tasks each second.
func Bottleneck(f bottleneck.Finding, closed bool) string {
	e := evidence{f}
	switch f.Kind {
	case bottleneck.Generator:
		return "not judged: the run is incomplete"
	case bottleneck.None:
		text := "none up to " + e.load(closed)
		if f.Next != nil {
			text += "; nearest to its limit: " + resource(f.Next.Kind, f.Next.Subject, f.Next.What) + " " + portion(f.Next.Used)
		}
		return text
	case bottleneck.Nearest:
		return "nearest to its limit: " + resource(f.Resource, f.Subject, f.What) + " " + e.say(bottleneck.UsedShare, portion)
	case bottleneck.Unknown:
		return "could not tell" + e.starved() + e.unread()
	}
	text := fmt.Sprintf("%s (%s)", e.what(), f.Grade)
	if why := e.why(); why != "" {
		text += ": " + why
	}
	if f.Next != nil {
		text += fmt.Sprintf("; next: %s, at %s", resource(f.Next.Kind, f.Next.Subject, f.Next.What), or(f.Next.Throughput, aSecond))
	}
	if f.Grade == bottleneck.CouldNotTell {
		text += e.unread()
	}
	return text
}

// evidence puts the numbers of a finding into words.
type evidence struct{ bottleneck.Finding }

// say is a number by its name, or - if the finding lacks it.
func (e evidence) say(name string, words func(float64) string) string {
	if v, ok := e.Number(name); ok {
		return or(v, words)
	}
	return unread
}

// of is a reading of the finding's subject in a sentence; empty if the finding lacks it.
func (e evidence) of(figure, sentence string, words func(float64) string) string {
	if v, ok := e.Number(result.Reading(e.Subject, figure)); ok && !noneRead(v) {
		return fmt.Sprintf(sentence, words(v))
	}
	return ""
}

func (e evidence) load(closed bool) string {
	if closed {
		return e.say(bottleneck.Load, trimmed) + " users"
	}
	return e.say(bottleneck.Load, trimmed) + " tasks/sec"
}

// leastWait is the wait for a core that is told where nothing was found, in seconds for each second.
const leastWait = 0.5

// starved says that threads of the system waited for a core, and that others had it.
func (e evidence) starved() string {
	delay, _ := e.Number(result.Reading(result.OfSystem, result.RunDelayCores))
	others, _ := e.Number(bottleneck.OtherCores)
	if !(delay >= leastWait && others >= leastWait) {
		return ""
	}
	return fmt.Sprintf(": its threads waited for a core for %s seconds of each second, and others used %s", or(delay, trimmed), or(others, coreCount))
}

// unread names the readings that would help.
func (e evidence) unread() string {
	var names []string
	for _, name := range e.Unread {
		names = append(names, name80(name))
	}
	if len(names) == 0 {
		return ""
	}
	return "; not read: " + strings.Join(atMost(names, maxNotRead, "readings"), ", ")
}

// resource names a resource of a subject, such as CPU, CPU of db-host or disk vda.
func resource(kind bottleneck.Kind, subject, what string) string {
	word := string(kind)
	switch kind {
	case bottleneck.CPU, bottleneck.GPU:
		word = strings.ToUpper(word)
	case bottleneck.OneThread:
		word = "one thread"
	}
	if index, ok := strings.CutPrefix(subject, result.OfGPU+"."); ok {
		return word + " " + name80(index)
	}
	if what != "" {
		word += " " + name80(what)
	}
	if subject != "" && subject != result.OfSystem && subject != result.OfMachine {
		word += " of " + name80(subject)
	}
	return word
}

// what names the thing that a finding is about.
func (e evidence) what() string {
	name := e.What
	switch e.Kind {
	case bottleneck.AcceptQueue:
		return named("the accept queue", " of port ", name)
	case bottleneck.CPUQuota:
		return resource("the CPU quota", e.Subject, "")
	case bottleneck.GC:
		return resource("garbage collection", e.Subject, "")
	case bottleneck.OneThread:
		if name == "" && e.Grade == bottleneck.Inferred {
			return "one core's worth of work at a time, such as under a lock"
		}
		return named("one thread", ", ", name)
	case bottleneck.Disk:
		return named("the disk", " ", name)
	case bottleneck.Pool:
		return named("a pool", ", ", name)
	case bottleneck.Lock:
		return named("a lock", ", ", name)
	case bottleneck.Waiting:
		return "a pool, a lock or somebody downstream"
	}
	return resource(e.Kind, e.Subject, "")
}

func named(thing, join, name string) string {
	if name == "" {
		return thing
	}
	return thing + join + name80(name)
}

// why are the numbers that a finding rests on.
func (e evidence) why() string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	switch e.Kind {
	case bottleneck.AcceptQueue:
		add(e.say(bottleneck.Overflows, trimmed) + " connections found it full")
	case bottleneck.CPUQuota:
		add(e.of(result.ThrottledShare, "throttled in %s of its periods", portion))
		add(e.of(result.QuotaCores, "quota %s", coreCount))
	case bottleneck.GC:
		add(e.of(result.GCCPUShare, "%s of the CPU time", portion))
		add(e.of(result.GCPauseShare, "pauses %s of the time", portion))
	case bottleneck.CPU:
		add(e.of(result.CPUShare, "%s used", portion) + e.of(result.CPUCapacity, " of %s", coreCount))
		if others, ok := e.Number(bottleneck.OtherCores); ok && others >= 0.1 {
			add("others used " + or(others, coreCount))
		}
	case bottleneck.OneThread:
		add(e.of(result.BusiestThread, "it used %s of one core", portion))
		if _, ok := e.Number(bottleneck.OneCore); ok {
			add("all threads together used " + e.say(bottleneck.OneCore, portion) + " of one core")
		}
	case bottleneck.Memory:
		add(e.of(result.OOMKills, "processes were killed for it, %s a second", perSec))
		add(e.of(result.PressureMemory, "tasks waited for it %s of the time", portion))
		add(e.of(result.MajorFaults, "%s major faults a second", perSec))
	case bottleneck.Disk:
		add(e.of(result.BlockedThreads, "%s threads wait for it", trimmed))
		if _, ok := e.Number(result.Reading(result.OfMachine, result.DiskBusy)); ok {
			add("busy " + e.say(result.Reading(result.OfMachine, result.DiskBusy), portion))
		}
		add(e.of(result.WrittenBytes, "%s written", func(v float64) string { return traffic(v, 1) }))
	case bottleneck.Network:
		add(e.of(result.RetransmittedShare, "%s retransmitted", hundredths))
		add(e.of(result.NetLinkShare, "%s of the link's speed", portion))
	case bottleneck.GPU:
		add(e.of(result.GPUBusy, "busy %s of the time, and throughput has stopped growing", portion))
	case bottleneck.Pool, bottleneck.Lock:
		add(e.places())
	case bottleneck.Waiting:
		add(e.littlesLaw())
	}
	return strings.Join(parts, ", ")
}

// aSecond is a throughput, such as 2,500/s.
func aSecond(v float64) string {
	if v >= 1000 {
		return thousands(int64(v+0.5)) + "/s"
	}
	return trimmed(v) + "/s"
}

// places says how full a pool is, or how many wait at one place of the code.
func (e evidence) places() string {
	if _, ok := e.Number(bottleneck.WaitingAtOnce); ok {
		return e.say(bottleneck.WaitingAtOnce, trimmed) + " wait there"
	}
	var of []string
	if e.What != "" {
		of = []string{e.What}
	}
	text := fmt.Sprintf("%s of %s in use", e.say(result.Reading(e.Subject, result.PoolInUse, of...), trimmed), e.say(result.Reading(e.Subject, result.PoolMax, of...), trimmed))
	if pending := e.say(result.Reading(e.Subject, result.PoolPending, of...), trimmed); pending != unread {
		text += ", " + pending + " wait"
	}
	return text
}

// littlesLaw says how many requests are inside at a time, and which connections that fits.
func (e evidence) littlesLaw() string {
	took := func(v float64) string { return trimmedSpan(time.Duration(v * float64(time.Second))) }
	text := fmt.Sprintf("throughput stops at %s and one answer takes %s: about %s at a time", e.say(bottleneck.Throughput, aSecond),
		e.say(bottleneck.AloneSeconds, took), e.say(bottleneck.AtATime, func(v float64) string { return fmt.Sprintf("%.0f", v) }))
	if e.What != "" {
		text += fmt.Sprintf("; it holds %s connections to %s", e.say(result.Reading(result.OfSystem, result.Connections, e.What), trimmed), name80(e.What))
	}
	for _, n := range e.Evidence {
		if subject, ok := strings.CutSuffix(n.Name, "."+result.RunningQueries); ok {
			text += fmt.Sprintf("; %s runs %s queries at a time", name80(subject), or(n.Value, trimmed))
		}
	}
	return text
}
