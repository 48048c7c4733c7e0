package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// packed is a summary as the column holds it: JSON, and the figures of all routes as one list for
// each metric, in the order of Routes. encoding/json reads that several times faster than an
// object for each route, and the view plimsoll_figure reads it too.
type packed struct {
	result.Summary
	Routes  []string `json:"routes"`
	Figures figures  `json:"figures"` // in place of the Summary's own
}

type figures struct {
	Requests   []int64         `json:"requests"`
	Failures   []int64         `json:"failures"`
	P50        []time.Duration `json:"p50_ns"`
	P95        []time.Duration `json:"p95_ns"`
	P99        []time.Duration `json:"p99_ns"`
	Throughput []float64       `json:"throughput_per_sec"`
}

func encodeSummary(s result.Summary) ([]byte, error) {
	p := packed{Summary: s, Routes: slices.Sorted(maps.Keys(s.Figures))}
	for _, route := range p.Routes {
		f, to := s.Figures[route], &p.Figures
		to.Requests, to.Failures = append(to.Requests, f.Requests), append(to.Failures, f.Failures)
		to.P50, to.P95, to.P99 = append(to.P50, f.P50), append(to.P95, f.P95), append(to.P99, f.P99)
		to.Throughput = append(to.Throughput, f.Throughput)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(p)
	return bytes.TrimSpace(b.Bytes()), err
}

// decodeSummary reads what encodeSummary wrote, or anything else that stands in the column.
func decodeSummary(text []byte) (result.Summary, error) {
	var p packed
	if err := json.Unmarshal(text, &p); err != nil {
		return p.Summary, err
	}
	s, from, n := p.Summary, p.Figures, len(p.Routes)
	for _, have := range []int{len(from.Requests), len(from.Failures), len(from.P50), len(from.P95), len(from.P99), len(from.Throughput)} {
		if have != n {
			return s, errors.New("its figures are of another number of routes than it has")
		}
	}
	s.Figures = make(map[string]result.Figures, n)
	for i, route := range p.Routes {
		s.Figures[route] = result.Figures{
			Requests: from.Requests[i], Failures: from.Failures[i],
			P50: from.P50[i], P95: from.P95[i], P99: from.P99[i], Throughput: from.Throughput[i],
		}
	}
	return s, s.Validate()
}
