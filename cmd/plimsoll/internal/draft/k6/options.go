package k6

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// scenario is one scenario of the options; a script without any has one.
type scenario struct {
	name, exec, executor string
	of                   *script.Dict
	user                 *script.Scenario
	vus                  int
	rate                 float64 // tasks per second of an open one
	span                 time.Duration
	stages               []stage
	counted              bool // it ends after a number of iterations
}

type stage struct {
	level float64 // users, or tasks per second
	span  time.Duration
}

func (s *scenario) open() bool { return strings.HasSuffix(s.executor, "arrival-rate") }

// most is the highest level of a scenario.
func (s *scenario) most() float64 {
	most := max(float64(s.vus), s.rate)
	if len(s.stages) > 0 {
		most = 0
	}
	for _, one := range s.stages {
		most = max(most, one.level)
	}
	return most
}

// scenarios are those of the options, in the order written.
func (r *reader) scenarios() (all []*scenario) {
	list, _ := first(r.options.Get("scenarios")).(*script.Dict)
	if list == nil || len(list.Keys) == 0 {
		s := &scenario{name: "default", exec: "default", of: r.options, executor: "constant-vus"}
		if stages, _ := r.options.Get("stages"); stages != nil {
			s.executor = "ramping-vus"
		} else if n, _ := r.options.Get("iterations"); n != nil {
			s.executor = "shared-iterations"
		}
		r.read(s)
		return []*scenario{s}
	}
	for _, name := range list.Keys {
		of, _ := first(list.Get(name)).(*script.Dict)
		s := &scenario{name: name, of: of}
		s.exec = cmp.Or(r.word(of, "exec"), "default")
		s.executor = r.word(of, "executor")
		if kind, _ := of.Get("options"); kind != nil {
			r.m.Note(r.place(name), "the scenario %s drives a browser, which Plimsoll does not", name)
		}
		r.read(s)
		all = append(all, s)
	}
	return all
}

var declared = regexp.MustCompile(`\boptions\b[^=\n;]*=`)

// place is the line where the options of the script name a key, such as a scenario. Where none is found, it is the line
// that the options begin in.
func (r *reader) place(key string) script.At {
	text := string(r.in.Data)
	begin := 0
	if at := declared.FindStringIndex(text); at != nil {
		begin = at[0]
	}
	named := regexp.MustCompile(`(?:^|[\s{,"'\x60])` + regexp.QuoteMeta(key) + `["'\x60]?\s*[:,}]`)
	if at := named.FindStringIndex(text[begin:]); at != nil {
		begin += at[0] + 1
	}
	return script.At{File: r.in.Name, Line: 1 + strings.Count(text[:begin], "\n")}
}

func (r *reader) word(of *script.Dict, key string) string {
	s, _ := r.m.StringOf(first(of.Get(key)))
	return s
}

// read reads the figures of a scenario.
func (r *reader) read(s *scenario) {
	integer := func(key string, fallback int) int {
		if n, ok := script.Integer(first(s.of.Get(key))); ok {
			return n
		}
		return fallback
	}
	s.vus = max(1, integer("vus", 1))
	s.span = r.span(first(s.of.Get("duration")))
	unit := cmp.Or(r.span(first(s.of.Get("timeUnit"))), time.Second).Seconds()
	rate, _ := script.NumberOf(first(s.of.Get("rate")))
	s.rate = 0
	if s.open() {
		s.vus, s.rate = 0, rate/unit
	}
	switch s.executor {
	case "per-vu-iterations", "shared-iterations":
		s.counted = true
		s.span = r.span(first(s.of.Get("duration")))
	case "externally-controlled":
		r.m.Note(r.place(s.name), "the scenario %s is controlled from outside; the profile has a load of its own", s.name)
	}
	list, _ := first(s.of.Get("stages")).(*script.List)
	if list == nil {
		return
	}
	start := float64(integer("startVUs", 0))
	if s.open() {
		f, _ := script.NumberOf(first(s.of.Get("startRate")))
		start = f / unit
	}
	if start > 0 {
		s.stages = append(s.stages, stage{start, time.Millisecond})
	}
	for _, item := range list.Items {
		d, _ := item.(*script.Dict)
		level, ok := script.NumberOf(first(d.Get("target")))
		if !ok {
			r.m.Note(r.place("stages"), "a stage has no target that is known, and is left out")
			continue
		}
		if s.open() {
			level /= unit
		}
		s.stages = append(s.stages, stage{level, max(r.span(first(d.Get("duration"))), time.Millisecond)})
	}
}

var days = regexp.MustCompile(`^(\d+)d(.*)$`)

// span is a duration of k6: 1m30s, 1d, or a number of milliseconds.
func (r *reader) span(v script.Value) time.Duration { return spanOf(r.m, v) }

func spanOf(m *script.Machine, v script.Value) time.Duration {
	if f, ok := v.(int64); ok {
		return time.Duration(f) * time.Millisecond
	}
	text, _ := m.StringOf(v)
	text = strings.TrimSpace(text)
	var added time.Duration
	if match := days.FindStringSubmatch(text); match != nil {
		n, _ := strconv.Atoi(match[1]) // the expression has digits alone
		added, text = time.Duration(n)*24*time.Hour, match[2]
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			d = time.Duration(f * float64(time.Millisecond))
		}
	}
	return d + added
}

func shown(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strconv.Itoa(int(d/time.Millisecond)) + "ms"
}

// noteOptions tells the options that change what a service gets and that are not read.
func (r *reader) noteOptions() {
	for _, key := range []string{"blacklistIPs", "blockHostnames", "dns", "executionSegment", "hosts", "localIPs", "minIterationDuration", "noConnectionReuse", "noCookiesReset", "noVUConnectionReuse", "tlsAuth", "tlsCipherSuites", "tlsVersion"} {
		if v, _ := r.options.Get(key); v != nil && v != false {
			r.m.Note(r.place(key), "the option %s is not read", key)
		}
	}
}

// chooseLoad makes one load of the scenarios. Those that a profile cannot do side by side are noted.
func (r *reader) chooseLoad(all []*scenario) {
	all = slices.DeleteFunc(all, func(s *scenario) bool { return s.user == nil })
	if len(all) == 0 {
		return
	}
	for _, s := range all {
		if start := r.span(first(s.of.Get("startTime"))); start > 0 {
			r.m.Note(r.place(s.name), "the scenario %s begins %s after the others; the profile begins it at once", s.name, shown(start))
		}
	}
	mixed := slices.ContainsFunc(all, func(s *scenario) bool {
		return s.open() != all[0].open() || len(s.stages) > 0 != (len(all[0].stages) > 0)
	})
	leading := slices.MaxFunc(all, func(a, b *scenario) int { return cmp.Compare(a.most(), b.most()) })
	if mixed {
		r.m.Note(r.place("scenarios"), "the scenarios have loads of different kinds, and a profile has one: that of %s, shared among them", leading.name)
	}
	if len(all) > 1 {
		r.share(all, mixed)
	}
	if mixed {
		r.load = r.loadOf(leading)
		return
	}
	r.load = r.loadOf(r.together(all, leading))
}

// share gives each scenario its share of the users or tasks.
func (r *reader) share(all []*scenario, mixed bool) {
	total := 0.0
	for _, s := range all {
		total += s.most()
	}
	fixed := !mixed && !all[0].open() && len(all[0].stages) == 0
	for _, s := range all {
		switch {
		case fixed:
			s.user.Keys = append(draft.Map{{Key: "fixed", Value: s.vus}}, s.user.Keys...)
		case total > 0:
			weight := max(1, int(math.Round(s.most()/total*100)))
			s.user.Keys = append(draft.Map{{Key: "weight", Value: weight}}, s.user.Keys...)
		}
	}
}

// together is the load of all scenarios, which are of one kind.
func (r *reader) together(all []*scenario, leading *scenario) *scenario {
	sum := *leading
	sum.vus, sum.rate = 0, 0
	sum.stages = slices.Clone(leading.stages)
	for _, s := range all {
		sum.vus += s.vus
		sum.rate += s.rate
		sum.span = max(sum.span, s.span)
		if s == leading || len(leading.stages) == 0 {
			continue
		}
		same := slices.EqualFunc(s.stages, leading.stages, func(a, b stage) bool { return a.span == b.span })
		if !same {
			r.m.Note(r.place(s.name), "the stages of %s and %s change at different times; the profile has those of %s", s.name, leading.name, leading.name)
			continue
		}
		for i := range sum.stages {
			sum.stages[i].level += s.stages[i].level
		}
	}
	return &sum
}

// maxUsers is the most that a profile may have.
const maxUsers = 100_000

// loadOf writes the load of a scenario.
func (r *reader) loadOf(s *scenario) (load draft.Map) {
	if s.counted {
		r.m.Note(r.place("iterations"), "the script ends after a number of iterations; the profile loads for a time")
	}
	word := "users"
	level := func(f float64) any { return int(math.Round(min(max(f, 0), maxUsers))) }
	if s.open() {
		word = "rate"
		level = func(f float64) any { return script.Rate(min(max(f, 0), 1e9)) }
	}
	most := 0.0
	for _, one := range s.stages {
		most = max(most, one.level)
	}
	switch {
	case len(s.stages) > 0 && most < 0.5 && !s.open(), len(s.stages) > 0 && most <= 0:
		r.m.Note(r.place("stages"), "no stage of the script has any load; the profile has the usual one")
		return nil
	case len(s.stages) > 0:
		var stages []any
		for _, one := range s.stages {
			stages = append(stages, draft.Map{{Key: word, Value: level(one.level)}, {Key: "for", Value: shown(one.span)}})
		}
		load = draft.Map{{Key: "stages", Value: draft.Block{Value: stages}}}
	case s.open():
		if s.rate <= 0 {
			return nil
		}
		load = draft.Map{{Key: "rate", Value: script.Rate(s.rate)}, {Key: "run_time", Value: shown(cmp.Or(max(s.span, 100*time.Millisecond*min(1, s.span)), time.Minute))}}
	default:
		span := s.span
		if span < 100*time.Millisecond || s.counted {
			span = time.Minute
		}
		users := min(s.vus, maxUsers)
		load = draft.Map{{Key: "users", Value: users}, {Key: "spawn_rate", Value: users}, {Key: "run_time", Value: shown(span)}}
	}
	if n, ok := script.Integer(first(s.of.Get("maxVUs"))); ok && s.open() && n > 0 {
		load = append(load, draft.Entry{Key: "max_in_flight", Value: n})
	}
	return load
}
