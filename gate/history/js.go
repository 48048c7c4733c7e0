package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// entry is a run as github-action-benchmark writes it into data.js, behind
// "window.BENCHMARK_DATA = {"entries": {suite: [": its src/extract.ts, Benchmark.
type entry struct {
	Commit struct {
		ID string `json:"id"`
	} `json:"commit"`
	Date    float64 `json:"date"` // ms since 1970
	Tool    string  `json:"tool"`
	Benches []bench `json:"benches"`
}

// bench is one value. A value that was no number when it was written is null, and is read as 0.
type bench struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Extra is free text. Some tools write into it how many operations the value is the mean of.
	Extra json.RawMessage `json:"extra"`
}

// counted finds that number, as github-action-benchmark writes it for go ("5 times"), pytest ("rounds: 5"), googlecpp
// ("iterations: 5"), and benchmarkjs and catch2 ("5 samples"): its src/extract.ts.
var counted = regexp.MustCompile(`(?m)^(?:(\d+) (?:times|samples)|(?:rounds|iterations): (\d+))\b`)

// count is the number of operations; 0 if it is not told.
func (x bench) count() int64 {
	var text string
	if json.Unmarshal(x.Extra, &text) != nil { // it may be anything
		return 0
	}
	match := counted.FindStringSubmatch(text)
	if match == nil {
		return 0
	}
	n, err := strconv.ParseInt(match[1]+match[2], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// biggerIsBetter lists the tools for which github-action-benchmark takes more for better. For all
// others less is better (its src/write.ts, biggerIsBetter).
var biggerIsBetter = []string{"benchmarkjs", "pytest", "customBiggerIsBetter"}

// script is a data.js that is being read, value by value to give errors a line.
type script struct {
	text []byte // from its first brace
	*json.Decoder
	skipped int // lines in front of text
}

// readJS reads data.js, or the JSON in it.
func (b *builder) readJS(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	start := max(0, bytes.IndexByte(text, '{'))
	s := &script{text: text[start:], skipped: bytes.Count(text[:start], []byte("\n"))}
	s.Decoder = json.NewDecoder(bytes.NewReader(s.text))
	err = s.object(func(field string) error {
		if field != "entries" {
			return s.Decode(&json.RawMessage{})
		}
		return s.object(func(name string) error { return b.readSuite(s, strings.TrimSpace(name)) })
	})
	if err != nil {
		return s.explain(err)
	}
	if rest := bytes.Trim(s.text[s.InputOffset():], "; \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("%w: line %d: there is more after the data", ErrFormat, s.line(int64(len(s.text)-len(rest))))
	}
	if b.values == 0 {
		return fmt.Errorf("%w: it has no entries with benches", ErrFormat)
	}
	return nil
}

// readSuite reads the runs of one suite.
func (b *builder) readSuite(s *script, name string) error {
	if err := s.open('['); err != nil {
		return err
	}
	for i := 0; s.More(); i++ {
		var raw json.RawMessage
		if err := s.Decode(&raw); err != nil {
			return err
		}
		start := s.InputOffset() - int64(len(raw))
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			var kind *json.UnmarshalTypeError
			if errors.As(err, &kind) {
				return fmt.Errorf("line %d: %s of run %d of %s cannot be a %s", s.line(start+kind.Offset), kind.Field, i, name, kind.Value)
			}
			return err
		}
		if err := b.readEntry(b.suite(name), i, e); err != nil {
			return fmt.Errorf("line %d: %w", s.line(start), err)
		}
	}
	_, err := s.Token()
	return err
}

// readEntry adds the values of one run.
func (b *builder) readEntry(s *suite, index int, e entry) error {
	at, ok := instant(e.Date)
	if !ok {
		return fmt.Errorf("the date of run %d of %s, %g, is not a number of milliseconds", index, s.Name, e.Date)
	}
	run := Run{Index: index, Commit: e.Commit.ID, Time: at}
	if len(e.Benches) > 0 {
		s.counts = map[key]int64{}
	}
	for _, x := range e.Benches {
		if metric, several := x.first(); several && e.Tool == "go" {
			if slices.ContainsFunc(e.Benches, func(y bench) bool { return y.Name == metric.Name }) {
				continue
			}
			x = metric
		}
		c := Column{x.Name, x.Unit, slices.Contains(biggerIsBetter, e.Tool)}
		if err := b.add(s, c, run, x.Value); err != nil {
			return err
		}
		if k := (key{c.Name, c.Unit}); s.counts[k] == 0 { // of two values of one name the first counts
			s.counts[k] = x.count()
		}
	}
	return nil
}

// first is the first metric of a Go benchmark that reports several. github-action-benchmark
// writes them as one value whose unit is the rest of the line, "ns/op\t 120 B/op\t 3 allocs/op",
// numbers included, and so its unit changes with every run. Since v1.18.0 each of them also follows
// by itself, the first as "name - ns/op" (its src/extract.ts, extractGoResult).
func (x bench) first() (metric bench, several bool) {
	units := strings.Fields(x.Unit)
	if len(units) < 2 {
		return x, false
	}
	return bench{Name: x.Name + " - " + units[0], Value: x.Value, Unit: units[0], Extra: x.Extra}, true
}

// open reads the brace or bracket at the beginning of a value.
func (s *script) open(want json.Delim) error {
	token, err := s.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%w: line %d: %s is expected", ErrFormat, s.line(s.InputOffset()), want)
	}
	return nil
}

// object reads an object. It calls value for each field, and value must read the field's value.
func (s *script) object(value func(field string) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	for s.More() {
		token, err := s.Token()
		if err != nil {
			return err
		}
		field, ok := token.(string)
		if !ok {
			return fmt.Errorf("%w: line %d: a name is expected", ErrFormat, s.line(s.InputOffset()))
		}
		if err := value(field); err != nil {
			return err
		}
	}
	_, err := s.Token()
	return err
}

// explain adds the line to a syntax error.
func (s *script) explain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: line %d: %w", ErrFormat, s.line(syntax.Offset), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: line %d: the file ends too early", ErrFormat, s.line(int64(len(s.text))))
	default:
		return err
	}
}

// line is the number of the line at an offset in the text.
func (s *script) line(offset int64) int {
	return 1 + s.skipped + bytes.Count(s.text[:min(offset, int64(len(s.text)))], []byte("\n"))
}
