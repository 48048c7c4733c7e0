// Package history reads recorded histories of benchmark figures: the CSV of docs/verdict.md,
// and the data.js that github-action-benchmark keeps.
//
// Read tells the format by the content. Values that cannot be judged as ratios (zero, negative,
// infinite, no number) are counted and stand as NaN, like those that a run does not have. What
// is none of the formats, or contradicts itself, is an error with the name and the line.
package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// History is the runs of one suite, oldest first.
type History struct {
	Name     string
	Columns  []Column
	Runs     []Run
	Unusable int // values that were left out, since they cannot be judged as ratios
}

// Column is one figure.
type Column struct {
	Name, Unit     string
	HigherIsBetter bool
}

// Run is one measurement of all figures.
type Run struct {
	Index  int    // as recorded
	Commit string // may be empty
	Time   time.Time
	Values []float64 // one for each column; NaN where the run has none
}

// maxRows is how many values are read at most.
const maxRows = 5_000_000

// ErrFormat is returned, wrapped, for what is none of the formats.
var ErrFormat = errors.New("neither a CSV of histories nor a data.js of github-action-benchmark")

// Read reads all histories of a file; name is its name in errors.
func Read(name string, r io.Reader) ([]History, error) {
	buffered := bufio.NewReader(r)
	start, err := buffered.Peek(256)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read history %s: %w", name, err)
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	var b builder
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("read history %s: the file is empty", name)
	case bytes.HasPrefix(start, []byte("window.")), start[0] == '{':
		err = b.readJS(buffered)
	default:
		err = b.readCSV(buffered)
	}
	if err != nil {
		return nil, fmt.Errorf("read history %s: %w", name, err)
	}
	return b.histories(), nil
}

// builder collects values in any order.
type builder struct {
	suites []*suite
	byName map[string]*suite
	values int
}

// suite is one history in the making.
type suite struct {
	History
	columns map[Column]int
	runs    map[int]int // by index
}

func (b *builder) suite(name string) *suite {
	if b.byName == nil {
		b.byName = map[string]*suite{}
	}
	s := b.byName[name]
	if s == nil {
		s = &suite{History: History{Name: name}, columns: map[Column]int{}, runs: map[int]int{}}
		b.byName[name], b.suites = s, append(b.suites, s)
	}
	return s
}

// add puts one value of a run in its place. The same figure twice in a run is refused: two
// variants under one name would look like noise.
func (b *builder) add(s *suite, c Column, index int, commit string, at time.Time, value float64) error {
	if b.values++; b.values > maxRows {
		return fmt.Errorf("it has more than %d values", maxRows)
	}
	k, known := s.columns[c]
	if !known {
		k = len(s.Columns)
		s.columns[c], s.Columns = k, append(s.Columns, c)
	}
	i, known := s.runs[index]
	if !known {
		i = len(s.Runs)
		s.runs[index], s.Runs = i, append(s.Runs, Run{Index: index, Commit: commit, Time: at})
	}
	r := &s.Runs[i]
	if r.Commit != commit {
		return fmt.Errorf("run %d of %s is of two commits, %.12s and %.12s", index, s.Name, r.Commit, commit)
	}
	for len(r.Values) <= k {
		r.Values = append(r.Values, math.NaN())
	}
	if !math.IsNaN(r.Values[k]) {
		return fmt.Errorf("run %d of %s has %q twice: variants must have names of their own", index, s.Name, c.Name)
	}
	if !(value > 0) || math.IsInf(value, 0) {
		s.Unusable++
		value = math.NaN()
	}
	r.Values[k] = value
	return nil
}

// histories are the suites with their runs in order, each as long as there are columns.
func (b *builder) histories() []History {
	all := make([]History, len(b.suites))
	for n, s := range b.suites {
		slices.SortStableFunc(s.Runs, func(x, y Run) int { return x.Index - y.Index })
		for i := range s.Runs {
			for len(s.Runs[i].Values) < len(s.Columns) {
				s.Runs[i].Values = append(s.Runs[i].Values, math.NaN())
			}
		}
		all[n] = s.History
	}
	return all
}
