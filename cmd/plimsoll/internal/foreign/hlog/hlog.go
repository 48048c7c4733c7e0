// Package hlog reads logs of HdrHistogram (.hlog), which wrk2, Cassandra, and programs with HdrHistogram's
// HistogramLogWriter leave: a histogram for each interval, maybe with a tag. Values are taken as nanoseconds, as the
// format has them by default, with the maximum of an interval in milliseconds.
//
// The format is described at http://hdrhistogram.github.io/HdrHistogram/, HistogramLogWriter, versions 1.0 to 1.3.
package hlog

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format reads logs of HdrHistogram.
func Format() foreign.Format {
	return foreign.Format{
		Name: "hlog", Tool: "HdrHistogram", Form: form, New: func() foreign.Reader { return &reader{} },
		Known: "logs of HdrHistogram (HistogramLogWriter)",
	}
}

// form recognises a log.
func form(head []byte) string {
	if bytes.Contains(head, []byte("#[Histogram log format version")) || bytes.Contains(head, []byte(`"StartTimestamp","Interval_Length"`)) ||
		bytes.HasPrefix(head, []byte("#[")) && bytes.Contains(head, []byte(",HIST")) {
		return "a log of HdrHistogram"
	}
	return ""
}

type reader struct {
	sink        *foreign.Sink
	start, base float64 // s since 1970
	based       bool
}

// startTime and baseTime are comments that tell instants.
var (
	startTime = regexp.MustCompile(`^#\[StartTime: ([\d.]+)`)
	baseTime  = regexp.MustCompile(`^#\[BaseTime: ([\d.]+)`)
)

// largest bounds a histogram, in bytes of text.
const largest = 1 << 20

// Read reads one file.
func (r *reader) Read(f *foreign.File, s *foreign.Sink) error {
	*r = reader{sink: s}
	s.FromDue = true
	if err := foreign.EachLine(f, s, r.line); err != nil {
		return err
	}
	if r.start == 0 && !r.based {
		s.Ended = f.Changed
	}
	return nil
}

// End says what the format leaves open.
func (r *reader) End(s *foreign.Sink) error {
	s.Note("a log of HdrHistogram tells no failures, and not whether times count from when requests were due; its values are taken as nanoseconds")
	return nil
}

func (r *reader) line(line []byte) (err error) {
	switch {
	case len(line) == 0 || line[0] == '"':
		return nil
	case line[0] == '#':
		if match := startTime.FindSubmatch(line); match != nil {
			r.start, err = scan.Float(match[1])
		}
		if match := baseTime.FindSubmatch(line); match != nil {
			r.base, err = scan.Float(match[1])
			r.based = true
		}
		return err
	}
	tag := []byte(route)
	if rest, has := bytes.CutPrefix(line, []byte("Tag=")); has {
		if tag, line, has = bytes.Cut(rest, []byte(",")); !has {
			return fmt.Errorf("a tag is followed by nothing: %w", scan.ErrCut)
		}
	}
	cells := bytes.Split(line, []byte(","))
	if len(cells) != 4 {
		return fmt.Errorf("it has %d cells: a start, a length, a maximum and a histogram are needed", len(cells))
	}
	return r.interval(bytes.Clone(tag), cells)
}

// route is the name for histograms without a tag.
const route = "all requests"

func (r *reader) interval(tag []byte, cells [][]byte) error {
	start, err := scan.Float(cells[0])
	if err != nil {
		return err
	}
	length, err := scan.Span(cells[1], time.Second)
	if err != nil {
		return err
	}
	if len(cells[3]) > largest {
		return fmt.Errorf("a histogram has %d bytes", len(cells[3]))
	}
	// A time of a few decades or more is absolute: HistogramLogReader's rule.
	switch {
	case r.based:
		start += r.base
	case start < r.start-365*24*3600:
		start += r.start
	}
	at, err := scan.Times(start, time.Second)
	if err != nil {
		return err
	}
	took, err := histogram(cells[3])
	if err != nil {
		return err
	}
	return r.sink.Interval(tag, int64(at), length, took)
}

// histogram reads the text of a histogram, whatever range and digits it has.
func histogram(text []byte) (*hist.Histogram, error) {
	read, err := hdrhistogram.DecodePacked(bytes.TrimSpace(text))
	if err != nil && bytes.HasPrefix(text, []byte("HIST")) && !bytes.HasPrefix(text, []byte("HISTF")) {
		return nil, errors.New("the histogram is in an older encoding of HdrHistogram than V2, and only V2 is read")
	}
	if err != nil {
		return nil, fmt.Errorf("the histogram: %w", err)
	}
	took, n := &hist.Histogram{}, int64(0)
	read.ForEachBucket(func(value, count int64) bool {
		if count < 0 || value < 0 || value > int64(tally.MaxLatency) || n > tally.MaxRequests-count {
			err = fmt.Errorf("the histogram counts %d requests of %v", count, time.Duration(value))
			return false
		}
		n += count
		took.RecordMany(time.Duration(value), count)
		return true
	})
	return took, err
}
