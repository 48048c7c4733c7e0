package locust

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Row has the history's figures of one second.
type Row struct {
	At     time.Time
	Users  int
	Window time.Duration // that Last covers, up to 10 s
	Last   *tally.Route  // what ended in the window
	All    *tally.Route  // what has ended since the load began
}

// History writes _stats_history.csv while a load runs: a row each second, in the order of time. Not safe for concurrent use.
type History struct {
	out    *table
	latest int64 // second of the last row
}

// NewHistory writes the header.
func NewHistory(w io.Writer) (*History, error) {
	header := append([]string{"Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s"}, quantileHeaders...)
	out := newTable(w, append(header,
		"Total Request Count", "Total Failure Count", "Total Median Response Time", "Total Average Response Time",
		"Total Min Response Time", "Total Max Response Time", "Total Average Content Size")...)
	return &History{out: out}, out.err
}

// Add writes the row of one second. It returns the first error of all rows. A row that comes a little early, in the same
// second of the clock as the one before it, gets the next second: times rise, as readers of Locust's file expect.
func (h *History) Add(r Row) error {
	h.latest = max(r.At.Unix(), h.latest+1)
	row := lead(h.latest, strconv.Itoa(r.Users), r.Last.Requests(), r.Last.Failures(), r.Window)
	h.out.row(append(append(row, percentiles(r.Last)...), totals(r.All)...)...)
	return h.out.err
}

// lead returns the beginning of a row, up to its percentiles. Locust writes both rates with six decimals.
func lead(second int64, users string, requests, failures int64, window time.Duration) []string {
	perSec := func(n int64) string {
		if window <= 0 {
			return "0.000000"
		}
		return fmt.Sprintf("%f", float64(n)/window.Seconds())
	}
	return []string{strconv.FormatInt(second, 10), users, "", aggregated, perSec(requests), perSec(failures)}
}

// window is how far the rates of a row look back, as Locust's do.
const window = 10 * time.Second

// history writes _stats_history.csv from the timeline of a result: a row for each second of the clock in which it was loaded,
// in the order of time. The timeline of a pair has several parts in one second, where one side's turn ends and its next
// begins. The percentiles are those of the single second, or of its part with the most requests. Values that the result
// lacks are absent.
func history(w io.Writer, m report.Material) error {
	h, err := NewHistory(w)
	if err != nil || m.Run == nil {
		return err
	}
	seconds := m.Run.Timeline
	counts := slices.ContainsFunc(seconds, func(s result.Second) bool { return s.Users > 0 })
	var last, all result.Second // what is in the window, and since the load began
	var most result.Second      // the part of this second with the most requests
	var at int64                // the second of the clock
	first := 0                  // of the window
	for i, s := range seconds {
		at = max(at, secondOf(m.Run, s))
		if s.Requests >= most.Requests {
			most = s
		}
		all.Requests, all.Failures = all.Requests+s.Requests, all.Failures+s.Failures
		last.Length, last.Requests, last.Failures = last.Length+s.Length, last.Requests+s.Requests, last.Failures+s.Failures
		for end := s.Start + s.Length; seconds[first].Start+seconds[first].Length <= end-window; first++ {
			old := seconds[first]
			last.Length, last.Requests, last.Failures = last.Length-old.Length, last.Requests-old.Requests, last.Failures-old.Failures
		}
		if i+1 < len(seconds) && secondOf(m.Run, seconds[i+1]) <= at {
			continue
		}
		users := absent
		if counts {
			users = strconv.Itoa(s.Users)
		}
		row := lead(at, users, last.Requests, last.Failures, last.Length)
		row = append(row, percentilesOf(most)...)
		row = append(row, strconv.FormatInt(all.Requests, 10), strconv.FormatInt(all.Failures, 10), absent, absent, absent, absent, absent)
		h.out.row(row...)
		most = result.Second{}
	}
	return h.out.err
}

// secondOf is the second of the clock in which a second of the timeline ended.
func secondOf(r *result.Result, s result.Second) int64 {
	return r.Started.Add(s.Start + s.Length).Unix()
}

// percentilesOf returns the columns of Locust's percentiles; those that a second lacks are absent.
func percentilesOf(s result.Second) (row []string) {
	has := map[float64]time.Duration{0.50: s.P50, 0.95: s.P95, 0.99: s.P99}
	for _, q := range quantiles {
		text := absent
		if d := has[q]; d > 0 && s.Requests > 0 {
			text = millis(d)
		}
		row = append(row, text)
	}
	return row
}

// Missing returns sentences about what files from a finished result lack. live says that History wrote the history during
// the run.
func Missing(m report.Material, live bool) (sentences []string) {
	if m.Run == nil {
		return []string{"there is no run, so the CSV files have their headers alone"}
	}
	switch {
	case live:
	case len(m.Run.Timeline) == 0:
		sentences = append(sentences, "the result has no timeline, so "+HistorySuffix+" has its header alone")
	default:
		sentences = append(sentences, HistorySuffix+" is written from the timeline of the result: most of its percentiles are N/A, since only `plimsoll run --csv` sees them second by second")
	}
	if m.Run.Watch == nil || len(m.Run.Watch.Timeline) == 0 {
		sentences = append(sentences, "the result has no readings over time, so _system.csv has its header alone")
	}
	return sentences
}
