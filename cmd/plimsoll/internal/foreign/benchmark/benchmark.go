// Package benchmark makes a result of the newest run in a history of benchmarks: the data.js of
// github-action-benchmark, or the CSV that plimsoll backtest replays. It reads them with gate/history.
//
// A benchmark tells the mean time of an operation, or how many operations it does in a second. Both become throughput. It
// tells no quantiles and no failures. A result has no place for other figures, such as bytes, or for figures that do not say
// how many operations they are the mean of: they are left out, and a note says so.
package benchmark

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/gate/history"
)

// Format reads histories of benchmarks.
func Format() foreign.Format {
	return foreign.Format{
		Name: "github-action-benchmark", Tool: "github-action-benchmark", Form: form, New: func() foreign.Reader { return reader{} },
		Known: "data.js, and the CSV that plimsoll backtest reads",
	}
}

// form recognises a history.
func form(head []byte) string {
	switch text := bytes.TrimSpace(head); {
	case bytes.HasPrefix(text, []byte("window.BENCHMARK_DATA")), bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"repoUrl"`)) && bytes.Contains(text, []byte(`"entries"`)):
		return "a data.js of github-action-benchmark"
	case bytes.HasPrefix(text, []byte("repo,bench,metric,")):
		return "a CSV of histories"
	}
	return ""
}

type reader struct{}

// Read reads one file.
func (reader) Read(f *foreign.File, s *foreign.Sink) error {
	all, err := history.Read(filepath.Base(f.Name), f)
	if err != nil {
		return err
	}
	n := newest{of: last(all), runs: runs(all)}
	for i := range all {
		if last := all[i].Runs[len(all[i].Runs)-1]; last.Commit != n.of.Commit {
			n.older = append(n.older, all[i].Name)
			continue
		}
		n.suites = append(n.suites, &all[i])
	}
	return n.tell(f, s)
}

// End has nothing to add.
func (reader) End(*foreign.Sink) error { return nil }

// last is the newest run of all suites. A file without a run is an error of history.Read.
func last(all []history.History) history.Run {
	newest := all[0].Runs[len(all[0].Runs)-1]
	for _, h := range all[1:] {
		if r := h.Runs[len(h.Runs)-1]; r.Time.After(newest.Time) {
			newest = r
		}
	}
	return newest
}

// runs is how many runs the longest suite has.
func runs(all []history.History) (most int) {
	for _, h := range all {
		most = max(most, len(h.Runs))
	}
	return most
}

// newest is the newest run of a history: the runs of all suites at its commit.
type newest struct {
	of     history.Run
	runs   int // of the longest suite
	suites []*history.History
	older  []string // suites whose newest run is of another commit

	kept      int // figures that became routes
	uncounted int // figures without a number of operations
	other     int // figures that are no throughput
	example   string
	length    time.Duration
}

// tell hands the run to the Sink.
func (n *newest) tell(f *foreign.File, s *foreign.Sink) error {
	for _, h := range n.suites {
		if err := n.suite(h, s); err != nil {
			return err
		}
	}
	if n.kept == 0 {
		return fmt.Errorf("no result can hold its figures, such as %s: they are no throughput, or do not say how many operations they are of; `plimsoll backtest %s` judges its runs as they are", n.example, f.Name)
	}
	s.Commit, s.FromDue = n.of.Commit, true
	if n.runs > 1 || len(n.older) > 0 {
		suites := "one suite"
		if all := len(n.suites) + len(n.older); all > 1 {
			suites = fmt.Sprintf("%d suites", all)
		}
		s.Note("%s has up to %d runs of %s: this is the newest, and `plimsoll backtest` replays all", filepath.Base(f.Name), n.runs, suites)
	}
	if len(n.older) > 0 {
		slices.Sort(n.older)
		s.Note("suites without a run of commit %.12s are left out: %.200q", n.of.Commit, strings.Join(n.older, ", "))
	}
	if left := n.uncounted + n.other; left > 0 {
		s.Note("%d of %d figures are left out, such as %s: they are no throughput (%d), or do not say how many operations they are of (%d)", left, left+n.kept, n.example, n.other, n.uncounted)
	}
	s.Note("benchmarks tell mean times, which become throughput, and no failures")
	ended := n.of.Time
	if ended.UnixMilli() <= 0 {
		ended = f.Changed
	}
	return s.Lasted(ended.Add(-n.length), n.length)
}

// suite hands the figures of a suite's newest run to the Sink.
func (n *newest) suite(h *history.History, s *foreign.Sink) error {
	run := h.Runs[len(h.Runs)-1]
	for k, c := range h.Columns {
		value := run.Values[k]
		if math.IsNaN(value) {
			continue
		}
		each, is := perOperation(c.Unit, value)
		switch {
		case !is:
			n.other++
			n.left(c)
			continue
		case h.Counts[k] < 1:
			n.uncounted++
			n.left(c)
			continue
		}
		took, err := scan.Times(each*float64(h.Counts[k]), 1)
		if err != nil || took <= 0 {
			return errors.Join(err, fmt.Errorf("%d operations of %q at %g %s took an impossible time", h.Counts[k], c.Name, value, c.Unit))
		}
		name := c.Name
		if len(n.suites) > 1 {
			name = h.Name + ": " + name
		}
		if err := s.Route([]byte(name), foreign.Sums{Requests: h.Counts[k], Length: took}); err != nil {
			return err
		}
		n.kept++
		n.length += took
	}
	return nil
}

// left keeps the first figure that is left out, for a note.
func (n *newest) left(c history.Column) {
	if n.example == "" {
		n.example = fmt.Sprintf("%.80q in %.20q", c.Name, c.Unit)
	}
}

// times are units of the time of an operation, in ns.
var times = map[string]float64{"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "usec": 1e3, "ms": 1e6, "msec": 1e6, "s": 1e9, "sec": 1e9}

// perOperation is the time of an operation in ns, from a value in a unit such as ns/op, ns/iter, iter/sec or req/s. is is false
// for another unit.
func perOperation(unit string, value float64) (ns float64, is bool) {
	above, below, both := strings.Cut(strings.ToLower(unit), "/")
	operation := func(text string) bool {
		switch strings.TrimSuffix(text, "s") {
		case "op", "iter", "iteration", "req", "request", "operation":
			return true
		}
		return false
	}
	switch {
	case !both && strings.EqualFold(unit, "rps"):
		return 1e9 / value, true
	case !both:
		return 0, false
	case operation(below) && times[above] > 0:
		return value * times[above], true
	case operation(above) && (below == "s" || below == "sec" || below == "second"):
		return 1e9 / value, true
	}
	return 0, false
}
