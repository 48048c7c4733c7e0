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
}

// head is a summary without its figures.
type head struct {
	result.Summary
	Figures *struct{} `json:"figures,omitempty"` // hides those of the Summary
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

func encodeSummary(s result.Summary) ([]byte, error) {
	p := packed{Run: head{Summary: s}, Routes: slices.Sorted(maps.Keys(s.Figures)), Figures: map[string][]any{}}
	for _, m := range metrics() {
		for _, route := range p.Routes {
			p.Figures[m.name] = append(p.Figures[m.name], m.get(s.Figures[route]))
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(p)
	return bytes.TrimSpace(b.Bytes()), err
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
	return s, s.Validate()
}

// read puts a list of plain numbers into figures.
func (m metric) read(list gjson.Result, into []result.Figures) error {
	texts, n := strings.Trim(list.Raw, "[]"), 0
	for text := range strings.SplitSeq(texts, ",") {
		if n == len(into) {
			n++
			break
		}
		if err := m.set(&into[n], strings.TrimSpace(text)); err != nil {
			return err
		}
		n++
	}
	if n != len(into) {
		return fmt.Errorf("it does not have one number for each of the %d routes", len(into))
	}
	return nil
}
