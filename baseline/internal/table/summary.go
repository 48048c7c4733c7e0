package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// packed is a summary as JSON in the column: the figures of all routes are one list for each metric, in the order
// of Routes. The view plimsoll_figure reads it too. A gate reads hundreds of summaries at once, and most of their
// text is numbers. Reading these with encoding/json takes several times as long.
type packed struct {
	Run     head             `json:"run"`
	Routes  []string         `json:"routes"`
	Figures map[string][]any `json:"figures"`
	// Spread is a list for each metric too: the lower and the upper quartile of each route, two zeros for none.
	Spread map[string][]int64 `json:"spread,omitempty"`
}

// head is a summary without what has lists of its own.
type head struct {
	result.Summary
	Figures *struct{} `json:"figures,omitempty"` // hides those of the Summary
	Spread  *struct{} `json:"spread,omitempty"`
}

// metric is one of the lists.
type metric struct {
	name string
	get  func(result.Figures) any
	set  func(f *result.Figures, text string) error
}

// metrics are the lists, under the names of a Figures' own JSON.
func metrics() []metric {
	number := func(name string, at func(*result.Figures) *int64) metric {
		return metric{name, func(f result.Figures) any { return *at(&f) }, func(f *result.Figures, text string) (err error) {
			*at(f), err = strconv.ParseInt(text, 10, 64)
			return err
		}}
	}
	span := func(name string, at func(*result.Figures) *time.Duration) metric {
		return metric{name, func(f result.Figures) any { return *at(&f) }, func(f *result.Figures, text string) error {
			n, err := strconv.ParseInt(text, 10, 64)
			*at(f) = time.Duration(n)
			return err
		}}
	}
	return []metric{
		number("requests", func(f *result.Figures) *int64 { return &f.Requests }),
		number("failures", func(f *result.Figures) *int64 { return &f.Failures }),
		span("p50_ns", func(f *result.Figures) *time.Duration { return &f.P50 }),
		span("p95_ns", func(f *result.Figures) *time.Duration { return &f.P95 }),
		span("p99_ns", func(f *result.Figures) *time.Duration { return &f.P99 }),
		{"throughput_per_sec", func(f result.Figures) any { return f.Throughput }, func(f *result.Figures, text string) (err error) {
			f.Throughput, err = strconv.ParseFloat(text, 64)
			return err
		}},
	}
}

// band is one of the lists of the spread.
type band struct {
	name string
	of   func(*result.Spread) *result.Quartiles
}

func bands() []band {
	return []band{
		{"p50", func(s *result.Spread) *result.Quartiles { return &s.P50 }},
		{"p95", func(s *result.Spread) *result.Quartiles { return &s.P95 }},
		{"p99", func(s *result.Spread) *result.Quartiles { return &s.P99 }},
		{"throughput", func(s *result.Spread) *result.Quartiles { return &s.Throughput }},
	}
}

func encodeSummary(s result.Summary) ([]byte, error) {
	p := packed{Run: head{Summary: s}, Routes: slices.Sorted(maps.Keys(s.Figures)), Figures: map[string][]any{}}
	for _, m := range metrics() {
		for _, route := range p.Routes {
			p.Figures[m.name] = append(p.Figures[m.name], m.get(s.Figures[route]))
		}
	}
	if len(s.Spread) > 0 {
		p.Spread = packSpread(s.Spread, p.Routes)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(p)
	return bytes.TrimSpace(b.Bytes()), err
}

func packSpread(all map[string]result.Spread, routes []string) map[string][]int64 {
	lists := map[string][]int64{}
	for _, b := range bands() {
		for _, route := range routes {
			spread := all[route]
			q := b.of(&spread)
			lists[b.name] = append(lists[b.name], q.Lower, q.Upper)
		}
	}
	return lists
}

// decodeSummary reads the column, which may hold anything. A summary without an error is valid.
func decodeSummary(text []byte) (result.Summary, error) {
	all := gjson.ParseBytes(text)
	var run head
	if err := json.Unmarshal([]byte(all.Get("run").Raw), &run); err != nil {
		return run.Summary, fmt.Errorf("its summary: %w", err)
	}
	s := run.Summary
	var routes []string
	all.Get("routes").ForEach(func(_, name gjson.Result) bool {
		routes = append(routes, name.String())
		return true
	})
	figures := make([]result.Figures, len(routes))
	lists := all.Get("figures")
	for _, m := range metrics() {
		if err := m.read(lists.Get(m.name), figures); err != nil {
			return s, fmt.Errorf("its summary: %s: %w", m.name, err)
		}
	}
	s.Figures = make(map[string]result.Figures, len(routes))
	for i, route := range routes {
		s.Figures[route] = figures[i]
	}
	var err error
	if s.Spread, err = readSpread(all.Get("spread"), routes); err != nil {
		return s, fmt.Errorf("its summary: %w", err)
	}
	return s, s.Validate()
}

// readSpread reads the lists of the spread, which older rows do not have.
func readSpread(lists gjson.Result, routes []string) (map[string]result.Spread, error) {
	if !lists.Exists() {
		return nil, nil
	}
	all := make([]result.Spread, len(routes))
	for _, b := range bands() {
		list, ok := strings.CutPrefix(lists.Get(b.name).Raw, "[")
		for i := range all {
			q := b.of(&all[i])
			for _, into := range []*int64{&q.Lower, &q.Upper} {
				if ok {
					*into, list, ok = cutWhole(list)
				}
			}
		}
		if !ok || list != "" {
			return nil, fmt.Errorf("spread of %s: it does not have two whole numbers for each of the %d routes", b.name, len(routes))
		}
	}
	var spread map[string]result.Spread
	for i, route := range routes {
		if all[i] != (result.Spread{}) {
			if spread == nil {
				spread = make(map[string]result.Spread, len(routes))
			}
			spread[route] = all[i]
		}
	}
	return spread, nil
}

// cutWhole reads a whole number, up to the comma or the bracket behind it. There are more of these than of all other
// numbers, and strconv takes five times as long.
func cutWhole(list string) (n int64, rest string, ok bool) {
	for i := range len(list) {
		switch c := list[i]; {
		case '0' <= c && c <= '9':
			if n, ok = 10*n+int64(c-'0'), true; n > maxWhole {
				return 0, list, false
			}
		case c == ',' || c == ']':
			return n, list[i+1:], ok
		case c != ' ' || ok: // PostgreSQL's own JSON has a space before a number
			return 0, list, false
		}
	}
	return 0, list, false
}

// maxWhole is beyond all quartiles.
const maxWhole = 1 << 40

// read puts a list of plain numbers into figures.
func (m metric) read(list gjson.Result, into []result.Figures) error {
	n := 0
	err := eachNumber(list, func(text string) (err error) {
		if n < len(into) {
			err = m.set(&into[n], text)
		}
		n++
		return err
	})
	if err == nil && n != len(into) {
		err = fmt.Errorf("it does not have one number for each of the %d routes", len(into))
	}
	return err
}

// eachNumber calls do with each number of a list of plain numbers.
func eachNumber(list gjson.Result, do func(text string) error) error {
	for text := range strings.SplitSeq(strings.Trim(list.Raw, "[]"), ",") {
		if err := do(strings.TrimSpace(text)); err != nil {
			return err
		}
	}
	return nil
}
