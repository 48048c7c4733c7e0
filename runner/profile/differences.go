package profile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Difference is one difference between the loads of two profiles.
type Difference struct {
	What   string // the kind of thing in the profile's words, such as route, weight or run_time
	Name   string // of the thing; empty if there is only one
	Before string // empty for an addition
	Now    string // empty for a removal
}

// Differences lists the differences between two loads: first routes, then how often and how hard they are
// loaded, then requests and expectations. How the system is built and started, the limits, the gate and
// the order of the file do not count. Values are shortened for people.
func Differences(before, now *Profile) []Difference {
	was, is := before.facts(), now.facts()
	var found []Difference
	for _, f := range was {
		i := slices.IndexFunc(is, f.about)
		switch {
		case i < 0 && f.ofRoute(): // the route itself was removed
		case i < 0:
			found = append(found, Difference{f.what, f.name, f.shown(), ""})
		case is[i].value != f.value || is[i].hidden != f.hidden:
			d := Difference{f.what, f.name, f.shown(), is[i].shown()}
			if d.Before == d.Now {
				d.Before, d.Now = f.marked(), is[i].marked()
			}
			found = append(found, d)
		}
	}
	for _, f := range is {
		if !f.ofRoute() && !slices.ContainsFunc(was, f.about) {
			found = append(found, Difference{f.what, f.name, "", f.shown()})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(rank(a.What), rank(b.What)), cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// order is the order of differences. All others come last.
var order = [...]string{"route", "users", "weight", "fixed", "rate", "spawn_rate", "stages", "run_time", "wait", "steps", "request", "messages", "expect", "save"}

func rank(what string) int {
	if i := slices.Index(order[:], what); i >= 0 {
		return i
	}
	return len(order)
}

// fact is one statement of a profile. hidden is a part of the value that is not shown.
type fact struct{ what, name, value, hidden string }

func (f fact) about(other fact) bool { return f.what == other.what && f.name == other.name }

// ofRoute reports whether the fact belongs to a route.
func (f fact) ofRoute() bool {
	return slices.Contains([]string{"request", "messages", "expect", "save"}, f.what)
}

// shown is the value for people.
func (f fact) shown() string {
	const most = 100
	text := strings.Join(strings.Fields(f.value), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return cmp.Or(text, "none")
}

// marked adds a checksum: two values may look the same once they are shortened.
func (f fact) marked() string {
	sum := sha256.Sum256([]byte(f.value + f.hidden))
	return f.shown() + " #" + hex.EncodeToString(sum[:4])
}

// together merges all facts about one thing, regardless of their order in the file. Two tasks with the same
// name count twice, two equal requests of a route once.
func together(said []fact) (facts []fact) {
	slices.SortStableFunc(said, func(a, b fact) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.hidden, b.hidden))
	})
	of := map[fact]int{} // by what and name, the index in facts
	last := map[fact]fact{}
	for _, f := range said {
		about := fact{what: f.what, name: f.name}
		i, there := of[about]
		switch {
		case !there:
			of[about] = len(facts)
			facts = append(facts, f)
		case f.ofRoute() && last[about] == f:
		default:
			if !f.ofRoute() || last[about].value != f.value {
				facts[i].value += "; " + f.value
			}
			facts[i].hidden += "\n" + f.hidden
		}
		last[about] = f
	}
	return facts
}

// facts are all facts about the load. Each pair of what and name occurs once.
func (p *Profile) facts() []fact {
	var facts []fact
	put := func(f fact) { facts = append(facts, f) }
	add := func(what, name string, value any) {
		if d, ok := value.(time.Duration); ok {
			value = strict.InWords(d)
		}
		put(fact{what, name, fmt.Sprint(value), ""})
	}
	for _, route := range p.Routes() {
		add("route", route, "requested")
	}
	p.loadFacts(add)
	p.userFacts(add)
	for c := range p.Calls() {
		c.facts(put)
	}
	for _, t := range p.Data {
		put(fact{"data", t.Name, fmt.Sprintf("%d rows, %s", len(t.Rows), t.Order), fmt.Sprintf("%s %q", t.Sum, t.Columns)})
	}
	t := p.Target
	t.Locust.facts(put)
	add("url", "", WithoutCredentials(string(t.URL)))
	add("socket", "", t.Socket)
	put(headerFact(t.Headers))
	add("timeout", "", t.Timeout)
	add("http", "", t.HTTP)
	add("redirects", "", t.Redirects)
	add("cookies", "", t.Cookies)
	add("connections", "", cmp.Or(strings.Replace(fmt.Sprintf("shared %d", t.Connections), "shared 0", "", 1), "per-user"))
	if t.GRPC != nil {
		add("grpc.url", "", WithoutCredentials(string(t.GRPC.URL)))
		add("grpc.max_message", "", t.GRPC.MaxMessage)
		add("grpc.compress", "", t.GRPC.Compress)
	}
	return together(facts)
}

func (p *Profile) loadFacts(add func(what, name string, value any)) {
	l := p.Load
	switch {
	case len(l.Stages) > 0:
		var stages []string
		for _, s := range l.Stages {
			if l.IsOpen() {
				stages = append(stages, fmt.Sprintf("to %g/s in %s", s.Rate, strict.InWords(s.For)))
			} else {
				stages = append(stages, fmt.Sprintf("to %d users in %s", s.Users, strict.InWords(s.For)))
			}
		}
		add("stages", "", strings.Join(stages, ", "))
	case l.IsOpen():
		add("rate", "", fmt.Sprintf("%g/s", l.Rate))
	default:
		add("users", "", l.Users)
		add("spawn_rate", "", fmt.Sprintf("%g/s", l.SpawnRate))
	}
	if len(l.Stages) == 0 {
		add("run_time", "", l.RunTime)
	}
	if l.IsOpen() {
		add("arrivals", "", l.Arrivals)
		add("max_in_flight", "", l.MaxInFlight)
	}
	add("warm_up", "", l.WarmUp)
	add("rounds", "", l.Rounds)
	add("seed", "", l.Seed)
	add("stop_within", "", l.StopWithin)
}

func (p *Profile) userFacts(add func(what, name string, value any)) {
	add("setup", "", stepWords(p.Setup))
	add("teardown", "", stepWords(p.Teardown))
	for _, u := range p.Users {
		if u.Fixed > 0 {
			add("fixed", u.Name, u.Fixed)
		} else {
			add("weight", u.Name, u.Weight)
		}
		if !p.Load.IsOpen() {
			add("wait", u.Name, waitWords(u.Wait))
		}
		add("on_start", u.Name, stepWords(u.OnStart))
		add("on_stop", u.Name, stepWords(u.OnStop))
		add("renew", u.Name, u.Renew)
		for _, t := range u.Tasks {
			name := u.Name + ", " + cmp.Or(t.Name, stepWords(t.Steps))
			if len(u.Tasks) > 1 {
				add("weight", name, t.Weight)
			}
			if steps := stepWords(t.Steps); steps != t.Name {
				add("steps", name, steps)
			}
		}
	}
}

// expecting is a Content that shows what it expects apart from what it sends.
type expecting interface {
	sends() (sent Content, shown string) // sent expects nothing
	expects() (status string, conditions []Condition)
}

// facts are the request, the expectations and the saved values of a call.
func (c *Call) facts(put func(fact)) {
	route := c.Route()
	if len(c.Messages) > 0 {
		put(fact{"messages", route, messageWords(c.Messages), canonicalMessages(c.Messages)})
	}
	content, ok := c.Content.(expecting)
	if !ok {
		put(fact{"request", route, "", canonical(c.Content)})
		return
	}
	sent, shown := content.sends()
	put(fact{"request", route, strings.TrimSpace(shown), canonical(sent)})
	status, conditions := content.expects()
	var expects []string
	if status != "" {
		expects = append(expects, status)
	}
	for _, e := range conditions {
		expects = append(expects, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", e.Of, e.Path, e.Op, e.Operand)), " "))
	}
	if c.Within > 0 {
		expects = append(expects, fmt.Sprintf("within %s", strict.InWords(c.Within)))
	}
	put(fact{"expect", route, strings.Join(expects, ", "), ""})
	var saves []string
	for _, s := range c.Save {
		optional := ""
		if s.Optional {
			optional = "if it is there"
		}
		saves = append(saves, strings.Join(strings.Fields(fmt.Sprintf("%s from %s %s %s %s", s.Name, s.Of, s.Path, s.Match, optional)), " "))
	}
	put(fact{"save", route, strings.Join(saves, ", "), ""})
}

// canonical is a call as the digest counts it.
func canonical(c Content) string {
	text, err := json.Marshal(c.Canonical())
	if err != nil {
		panic("profile: " + err.Error()) // plain fields only
	}
	return string(text)
}

// canonicalMessages are the steps of a stream in the form that the digest covers.
func canonicalMessages(messages []Message) string {
	text, err := json.Marshal(each(messages, Message.digestV1))
	if err != nil {
		panic("profile: " + err.Error()) // plain fields only
	}
	return string(text)
}

// messageWords describe the steps of a stream for people.
func messageWords(messages []Message) string {
	var words []string
	for i := range messages {
		m := &messages[i]
		switch {
		case m.Wait != nil:
			words = append(words, "wait "+waitWords(*m.Wait))
		case m.Sends && m.Repeat > 1:
			words = append(words, fmt.Sprintf("send %d times", m.Repeat))
		case m.Sends:
			words = append(words, "send")
		case m.Awaits == AwaitCount:
			words = append(words, fmt.Sprintf("receive %d", m.Count))
		case m.Awaits == AwaitSpan:
			words = append(words, fmt.Sprintf("receive for %s", strict.InWords(m.For)))
		default:
			words = append(words, "receive all")
		}
	}
	return strings.Join(words, ", ")
}

// headerFact shows only the names of headers, because a value may be secret.
func headerFact(headers []Header) fact {
	f := fact{what: "headers"}
	for _, h := range headers {
		f.value = strings.TrimPrefix(f.value+", "+h.Name, ", ")
		f.hidden += h.Name + ":" + string(h.Value) + "\n"
	}
	return f
}

// stepWords describe steps for people.
func stepWords(steps []Step) string {
	var words []string
	for _, s := range steps {
		word := "(" + stepWords(s.Steps) + ")"
		switch {
		case s.Call != nil:
			word = s.Call.Route()
		case s.Wait != nil:
			word = "wait " + waitWords(*s.Wait)
		}
		if s.Repeat.Max > 0 {
			word = fmt.Sprintf("%d..%d times %s", s.Repeat.Min, s.Repeat.Max, word)
		}
		for _, c := range s.If {
			word += strings.TrimRight(fmt.Sprintf(" if %s %s %s", c.Path, c.Op, c.Operand), " ")
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func waitWords(w Wait) string {
	switch {
	case w.Kind == WaitPace:
		return "pace " + strict.InWords(w.Period)
	case w.Kind == WaitNone:
		return "none"
	case w.Min == w.Max:
		return strict.InWords(w.Min)
	}
	return strict.InWords(w.Min) + ".." + strict.InWords(w.Max)
}
