// Package history reads recorded histories of benchmark figures: the CSV of docs/verdict.md,
// and the data.js that github-action-benchmark keeps.
//
// Read tells the format by the content. Values that cannot be judged as ratios (zero, negative,
// infinite, no number) are counted and become NaN, like those that a run does not have. When a
// run has a figure twice, the first value counts, and the others are counted as left out. A file in
// neither format is an error that names the file and the line, and so is a contradiction: a run of
// two commits, a figure that is better both ways.
//
// A figure is identified by its name and its unit: when the unit changes, another column begins.
//
// Read depends on its reader alone, and equal bytes give equal histories, in the order of the
// file. The file may be hostile. Read holds all values in memory, and refuses a file that would
// need much of it: one of too many bytes, values, suites, or places for values.
package history

import (
	"bufio"
	"bytes"
	"cmp"
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
	Counts   []int64 // how many operations each value of the last run is the mean of; 0 where the file does not tell
	Unusable int     // values that were left out, since they cannot be judged as ratios
	Doubled  int     // values that were left out, since their run had that figure already
	Double   string  // the first figure that a run had twice
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

// Bounds of a file. It takes runs times columns places for values: if names hold the number of the run, that
// is its square.
const (
	maxRows   = 5_000_000  // values
	maxCells  = 20_000_000 // places for values, in all histories: 160 MB
	maxSuites = 10_000
	maxJS     = 128 << 20 // bytes of a data.js, which is read into memory whole
	maxCSV    = 512 << 20 // bytes of a CSV, which is read line by line
)

// bounded reads up to a number of bytes, and fails if there are more.
type bounded struct {
	r    io.Reader
	most int64
	left int64
}

func bound(r io.Reader, most int64) *bounded { return &bounded{r, most, most} }

// Read reads, and fails behind the last byte that is allowed.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		if n, err := b.r.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("it is larger than %d MiB", b.most>>20)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// bom is the byte order mark that some programs put in front of UTF-8.
const bom = "\xef\xbb\xbf"

// ErrFormat is returned, wrapped, for a file in none of the formats.
var ErrFormat = errors.New("neither a CSV of histories nor a data.js of github-action-benchmark")

// Read reads all histories of a file; name is its name in errors.
func Read(name string, r io.Reader) ([]History, error) {
	buffered := bufio.NewReader(r)
	start, err := buffered.Peek(buffered.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read history %s: %w", name, err)
	}
	if bytes.HasPrefix(start, []byte(bom)) {
		start = start[len(bom):]
		if _, err := buffered.Discard(len(bom)); err != nil {
			return nil, fmt.Errorf("read history %s: %w", name, err)
		}
	}
	start = bytes.TrimLeft(start, " \t\r\n")
	var b builder
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("read history %s: the file is empty", name)
	case bytes.HasPrefix(start, []byte("window.")), start[0] == '{':
		err = b.readJS(bound(buffered, maxJS))
	default:
		err = b.readCSV(bound(buffered, maxCSV))
	}
	if err != nil {
		return nil, fmt.Errorf("read history %s: %w", name, err)
	}
	return b.histories(), nil
}

// builder collects values, which may come in any order.
type builder struct {
	suites []*suite
	byName map[string]*suite
	values int
	cells  int // runs times columns, of all suites
}

// suite is one history in the making. NaN marks a value that has not come yet; unusable values are
// infinite until the end.
type suite struct {
	History
	columns map[key]int
	runs    map[int]int   // by index
	counts  map[key]int64 // of the last run
}

// key tells the columns of a suite apart.
type key struct{ name, unit string }

func (b *builder) suite(name string) *suite {
	if b.byName == nil {
		b.byName = map[string]*suite{}
	}
	s := b.byName[name]
	if s == nil {
		s = &suite{History: History{Name: name}, columns: map[key]int{}, runs: map[int]int{}}
		b.byName[name], b.suites = s, append(b.suites, s)
	}
	return s
}

// add puts one value of a run in its place; r.Values is not looked at. When the run has the figure
// already, the first value stays: two variants under one name would look like noise.
func (b *builder) add(s *suite, c Column, r Run, value float64) error {
	if b.values++; b.values > maxRows {
		return fmt.Errorf("it has more than %d values", maxRows)
	}
	if c.Name == "" {
		return fmt.Errorf("run %d of %s has a value without a name", r.Index, s.Name)
	}
	if len(b.suites) > maxSuites {
		return fmt.Errorf("it has more than %d suites", maxSuites)
	}
	k, run := b.column(s, c), b.run(s, r)
	if b.cells > maxCells {
		return fmt.Errorf("%s is too large: %d figures in %d runs", s.Name, len(s.Columns), len(s.Runs))
	}
	if s.Columns[k].HigherIsBetter != c.HigherIsBetter {
		return fmt.Errorf("%q of %s is better when higher in some runs and when lower in others", c.Name, s.Name)
	}
	if run.Commit != r.Commit {
		return fmt.Errorf("run %d of %s is of two commits, %.12s and %.12s", r.Index, s.Name, run.Commit, r.Commit)
	}
	for len(run.Values) <= k {
		run.Values = append(run.Values, math.NaN())
	}
	if !math.IsNaN(run.Values[k]) {
		if s.Doubled++; s.Doubled == 1 {
			s.Double = c.Name
		}
		return nil
	}
	if !(value > 0) || math.IsInf(value, 0) {
		s.Unusable++
		value = math.Inf(1)
	}
	run.Values[k] = value
	return nil
}

// column is the place of a column in the suite.
func (b *builder) column(s *suite, c Column) int {
	k, known := s.columns[key{c.Name, c.Unit}]
	if !known {
		k = len(s.Columns)
		s.columns[key{c.Name, c.Unit}], s.Columns = k, append(s.Columns, c)
		b.cells += len(s.Runs)
	}
	return k
}

// run is the run of the suite with the index of r. If there is none yet, r becomes it.
func (b *builder) run(s *suite, r Run) *Run {
	i, known := s.runs[r.Index]
	if !known {
		i = len(s.Runs)
		s.runs[r.Index], s.Runs = i, append(s.Runs, r)
		b.cells += len(s.Columns)
	}
	return &s.Runs[i]
}

// histories are the suites with their runs in order. Each run gets a value for each column.
func (b *builder) histories() []History {
	all := make([]History, len(b.suites))
	for n, s := range b.suites {
		slices.SortFunc(s.Runs, func(x, y Run) int { return cmp.Compare(x.Index, y.Index) })
		for i := range s.Runs {
			values := s.Runs[i].Values
			for k, value := range values {
				if math.IsInf(value, 0) {
					values[k] = math.NaN()
				}
			}
			for len(values) < len(s.Columns) {
				values = append(values, math.NaN())
			}
			s.Runs[i].Values = values
		}
		for _, c := range s.Columns {
			s.Counts = append(s.Counts, s.counts[key{c.Name, c.Unit}])
		}
		all[n] = s.History
	}
	return all
}

// instant is a number of milliseconds since 1970, as JavaScript counts them: at most 8.64e15
// (ECMA-262, Time Values).
func instant(ms float64) (at time.Time, ok bool) {
	if !(math.Abs(ms) <= 8.64e15) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(ms)), true
}
