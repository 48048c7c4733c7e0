// Package godebug reads what a Go service tells of itself through the packages expvar and net/http/pprof: garbage
// collection, the live heap, and the places of its code at which requests wait.
//
// Each Read asks for /vars. A snapshot of all goroutines is taken with the first Read, and then every two seconds, or
// less often if it takes long: at most 1 % of the time. Both are asked for within the bounds of package page. A page
// that fails is left alone for some seconds; its readings are missing, and a sentence says why.
//
// Which goroutines count as waiting is said at places. The share of GC is that of the CPU time that the service may use.
// Its page tells it since the start of the service. So it is read only where that start is known: on this machine.
package godebug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/internal/page"
	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Config says what to read.
type Config struct {
	URL     string // below which /vars and /pprof are
	Subject string // of the readings
	// Dial connects. Nil means a plain connection, which reads no proxy from the environment.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Source is a Go service. It is not safe for concurrent use.
type Source struct {
	subject string
	vars    asked
	stacks  asked
	started func() (time.Time, error) // when the service started
	before  counts
	known   map[string]string // places that were told, and what is waited in there
}

// asked is a page and when it is asked for next.
type asked struct {
	*page.Fetcher
	next time.Time
}

const (
	leaveAlone = 5 * time.Second // a page that failed
	leastPause = 2 * time.Second // between snapshots
	mostPause  = 30 * time.Second
	mostTime   = 0.01 // of all time, for snapshots
)

// Start returns a Source. The caller must close it. It asks for nothing before the first Read.
func Start(c Config) (*Source, error) {
	base, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("its URL cannot be read")
	}
	of := func(name, query string) asked {
		u := base.JoinPath(name)
		u.RawQuery = query
		return asked{Fetcher: page.New(page.Config{URL: u.String(), Dial: c.Dial})}
	}
	return &Source{
		subject: c.Subject, vars: of("vars", ""), stacks: of("pprof/goroutine", "debug=1"), known: map[string]string{},
		started: func() (time.Time, error) { return startOf(base) },
	}, nil
}

// Close closes the connections.
func (s *Source) Close() {
	s.vars.Close()
	s.stacks.Close()
}

// Read asks for the pages that are due, and returns what they tell.
func (s *Source) Read(now time.Time) (figures map[string]float64, facts map[string]string, absent []result.Absent) {
	figures, facts = map[string]float64{}, map[string]string{}
	if answer, err := s.vars.fetch(now, 0); err != nil {
		absent = append(absent, result.Absent{Source: "go vars", Why: err.Error()})
		s.before = counts{}
	} else if answer != nil {
		absent = append(absent, s.count(answer, figures)...)
	}
	answer, err := s.stacks.fetch(now, mostTime)
	if err == nil && answer != nil {
		err = s.wait(answer.Text, figures, facts)
	}
	if err != nil {
		s.stacks.next = now.Add(leaveAlone)
		absent = append(absent, result.Absent{Source: "go goroutines", Why: err.Error()})
	}
	return figures, facts, absent
}

// fetch asks for a page if it is due. It takes no more than a share of all time, unless that is 0.
func (a *asked) fetch(now time.Time, share float64) (*page.Answer, error) {
	if now.Before(a.next) && a.next.Sub(now) <= mostPause { // unless the clock went back
		return nil, nil
	}
	began := time.Now()
	answer, err := a.Fetch(context.Background())
	if err != nil {
		a.next = now.Add(leaveAlone)
		return nil, err
	}
	a.next = now
	if share > 0 {
		took := time.Duration(float64(time.Since(began)) / share)
		a.next = now.Add(min(max(took, leastPause), mostPause))
	}
	return &answer, nil
}

// counts is what a page of expvar counts.
type counts struct {
	at     time.Time
	NumGC  uint32
	pauses time.Duration
	gc     float64 // seconds of the CPU time that the service may have, until the last collection
	start  time.Time
	known  bool // start
}

// count adds the figures of a page of expvar.
func (s *Source) count(answer *page.Answer, figures map[string]float64) (absent []result.Absent) {
	var vars struct {
		Memstats *struct {
			NumGC         uint32
			NextGC        uint64
			LastGC        int64 // nanoseconds since 1970
			PauseTotalNs  uint64
			GCCPUFraction float64
		} `json:"memstats"`
	}
	if err := json.Unmarshal(answer.Text, &vars); err != nil || vars.Memstats == nil {
		s.vars.next, s.before = time.Now().Add(leaveAlone), counts{}
		return []result.Absent{{Source: "go vars", Why: "it is no page of expvar, with memstats"}}
	}
	m, before := vars.Memstats, s.before
	now := counts{at: answer.At, NumGC: m.NumGC, pauses: time.Duration(m.PauseTotalNs), start: before.start, known: before.known}
	if restarted := now.NumGC < before.NumGC || now.pauses < before.pauses; restarted || before.at.IsZero() {
		start, err := s.started()
		if now.start, now.known = start, err == nil; err != nil {
			absent = append(absent, result.Absent{Source: result.Reading(s.subject, result.GCCPUShare), Why: err.Error()})
		}
		before = counts{}
	}
	if now.known && m.NumGC > 0 {
		now.gc = m.GCCPUFraction * max(0, time.Unix(0, m.LastGC).Sub(now.start).Seconds())
	}
	s.before = now
	if m.NumGC > 0 && m.NextGC < math.MaxInt64 { // else the next one never comes
		figures[result.Reading(s.subject, result.LiveHeapBytes)] = float64(m.NextGC) / 2 // at the usual GOGC=100
	}
	since := now.at.Sub(before.at).Seconds()
	if before.at.IsZero() || since <= 0 {
		return absent
	}
	figures[result.Reading(s.subject, result.GCPauseShare)] = (now.pauses - before.pauses).Seconds() / since
	if now.known {
		figures[result.Reading(s.subject, result.GCCPUShare)] = min(1, max(0, now.gc-before.gc)/since)
	}
	return absent
}

const (
	mostPlaces  = 5  // that one snapshot adds
	mostKnown   = 20 // in all
	leastAPlace = 2  // goroutines
)

// wait adds how many goroutines there are, and how many wait at the places that are known: 0 where none does any more.
func (s *Source) wait(text []byte, figures map[string]float64, facts map[string]string) error {
	total, groups, err := parse(text)
	if err != nil {
		return err
	}
	figures[result.Reading(s.subject, result.Goroutines)] = float64(total)
	waiting := places(groups)
	largest := slices.SortedFunc(maps.Keys(waiting), func(a, b string) int {
		return 2*sign(waiting[b].n-waiting[a].n) + strings.Compare(a, b)
	})
	for i, at := range largest {
		if _, known := s.known[at]; known || i < mostPlaces && waiting[at].n >= leastAPlace && len(s.known) < mostKnown {
			s.known[at] = waiting[at].in
		}
	}
	for at, in := range s.known {
		name := result.Reading(s.subject, result.Waiting, at)
		figures[name], facts[name] = float64(waiting[at].n), in
	}
	return nil
}

func sign(n int) int { return min(1, max(-1, n)) }

// startOf is when the process started that listens at an address of this machine.
func startOf(base *url.URL) (time.Time, error) {
	host := base.Hostname()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return time.Time{}, errors.New("the service runs elsewhere, so that its start is not known")
	}
	port, err := strconv.Atoi(base.Port())
	if err != nil {
		port = map[string]int{"http": 80, "https": 443}[base.Scheme]
	}
	reader := proc.NewReader("/")
	defer reader.Close()
	pid, err := reader.Listening(port)
	if err != nil {
		return time.Time{}, fmt.Errorf("the start of the service is not known: %w", err)
	}
	p, err := process.NewProcess(int32(pid))
	if err == nil {
		var ms int64
		if ms, err = p.CreateTime(); err == nil {
			return time.UnixMilli(ms), nil
		}
	}
	return time.Time{}, fmt.Errorf("the start of the service is not known: %w", err)
}
