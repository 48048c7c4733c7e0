// Package exporter reads text pages of Prometheus: what an exporter or a service tells of itself while it is loaded.
//
// Start asks for a page again and again, in the background. Read returns what the newest page tells, as readings of a
// result.Watch: the same figures as local readers give, where the names are known, and others under their own names,
// where the profile keeps them. Counted tells what counters counted from page to page. Where one fell, as after a restart,
// nobody knows what it counted in between, and nothing is told.
//
// A page is asked for within bounds: two seconds, 4 MiB, no redirects. If it fails, its readings are missing, and a
// sentence says why. A page that stops in the middle counts as failed, since the sums over its series would be wrong.
// A bad line costs that line. A value that cannot be, such as a negative size, costs its figure.
//
// Known are node_exporter, process-exporter, cAdvisor, dcgm-exporter, postgres_exporter, the client libraries of
// Prometheus, Micrometer, and prom-client of Node. Names of the first, second and fifth are held against real pages.
//
// A Source is safe for concurrent use.
package exporter

import (
	"context"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/page"
	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Config says what to read.
type Config struct {
	URL   string
	As    string        // the subject of the readings
	Keep  []string      // names to keep as they are; * stands for any letters
	Every time.Duration // from one page to the next; a second if 0
	// Dial connects. Nil means a plain connection, which reads no proxy from the environment.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Source is a page that is asked for again and again.
type Source struct {
	as     string
	every  time.Duration
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex // guards what follows
	last reading
	at   time.Time // of the last page; zero if the last try failed, or there was none
	why  string    // a try since the last Read failed
	cpu  time.Duration
	// counted is what pages counted since the last Counted.
	counted map[string]counted
}

// counted is a sum of rates, and the highest of them.
type counted struct {
	rate
	peak float64
}

// Start begins to ask for the page. It ends with ctx, or with Close.
func Start(ctx context.Context, c Config) *Source {
	ctx, cancel := context.WithCancel(ctx)
	if c.Every <= 0 {
		c.Every = time.Second
	}
	s := &Source{as: c.As, every: c.Every, cancel: cancel, done: make(chan struct{}), counted: map[string]counted{}}
	go s.loop(ctx, page.New(page.Config{URL: c.URL, Accept: accepted, Dial: c.Dial}), &memory{as: c.As, keep: c.Keep, every: c.Every, falls: map[string]int{}})
	return s
}

// Close ends all and waits for it.
func (s *Source) Close() {
	s.cancel()
	<-s.done
}

// Read returns what the newest page tells of its instant, and why pages since the last Read failed.
func (s *Source) Read(now time.Time) (figures map[string]float64, facts map[string]string, absent []result.Absent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != "" {
		absent = append(absent, result.Absent{Source: clean(s.as), Why: s.why})
		s.why = ""
	}
	if s.at.IsZero() {
		return nil, nil, absent
	}
	if age := now.Sub(s.at); age > 2*s.every {
		return nil, nil, append(absent, result.Absent{Source: clean(s.as), Why: "its page is late"})
	}
	return maps.Clone(s.last.figures), nil, append(absent, s.last.absent...)
}

// Counted calls tell for each amount that was counted since the last call. The rate is amount divided by of: the seconds
// that it took, or the amount that it is a share of. The peak is the highest rate between two pages.
func (s *Source) Counted(tell func(name string, amount, of, peak float64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, c := range s.counted {
		tell(name, c.amount, c.of, c.peak)
	}
	clear(s.counted)
}

// Spent is the CPU time that it took to understand pages.
func (s *Source) Spent() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cpu
}

func (s *Source) loop(ctx context.Context, f *page.Fetcher, m *memory) {
	defer close(s.done)
	defer f.Close()
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for {
		answer, err := fetch(ctx, f)
		if ctx.Err() != nil {
			return
		}
		s.take(answer, err, m)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// take keeps what a try brought.
func (s *Source) take(answer page.Answer, err error, m *memory) {
	var r reading
	cpu := proc.CPUOf(func() {
		if err == nil {
			page := Parse(answer.Text, m.wanted)
			if err = page.check(answer); err == nil {
				r = m.read(page, answer.At)
			}
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cpu += cpu
	s.last, s.at = r, answer.At
	for name, more := range r.counted {
		sum, before := s.counted[name]
		if !before {
			sum = counted{rate{}, more.peak()}
		}
		s.counted[name] = counted{rate{sum.amount + more.amount, sum.of + more.of, 0}, max(sum.peak, more.peak())}
	}
	if err != nil {
		s.at, s.why = time.Time{}, clean(err.Error())
	}
}
