package site_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// began is the start of the first run.
var began = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// change changes the n-th record.
type change func(n int, r *baseline.Record)

// records are n runs of the routes, one each interval, whose latencies scatter by a few percent.
func records(n int, interval time.Duration, routes []string, changes ...change) []baseline.Record {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]baseline.Record, n)
	for i := range all {
		r := &all[i]
		r.Info = baseline.Info{
			ID: fmt.Sprintf("%010x%054x", 1_000_000+i, i), Series: "shop", Repository: "acme/shop", Branch: "main", Commit: fmt.Sprintf("%040x", 7*i+1),
			ProfileDigest: "d1", Environment: "small", Tool: "v1", Started: began.Add(time.Duration(i) * interval),
		}
		r.Summary = result.Summary{Figures: map[string]result.Figures{}, Spread: map[string]result.Spread{}, Rounds: 10}
		r.Summary.Environment = result.Environment{OS: "linux", CPUCores: 2}
		r.Summary.CIRun = fmt.Sprintf("%d/1", 500+i)
		for k, route := range append([]string{tally.All}, routes...) {
			scatter := math.Exp(0.02 * random.NormFloat64())
			p50 := time.Duration(scatter * float64(10+k) * float64(time.Millisecond))
			r.Summary.Figures[route] = result.Figures{Requests: 3_000, P50: p50, P95: 2 * p50, P99: 4 * p50, Throughput: 100 / scatter}
			q := result.Quartiles{Lower: 950 + random.Int64N(40), Upper: 1_010 + random.Int64N(90)}
			r.Summary.Spread[route] = result.Spread{P50: q, P95: q, P99: q, Throughput: q}
		}
		r.Summary.Cost = result.RequestCost{CPU: time.Duration(2e6 * math.Exp(0.01*random.NormFloat64()))}
		r.Summary.Readings = map[string]float64{"system.rss_bytes": 4e8}
		for _, change := range changes {
			change(i, r)
		}
	}
	return all
}

// slower makes p95 of a route slower from a run on.
func slower(from int, route string, by float64) change {
	return func(n int, r *baseline.Record) {
		if f, ok := r.Summary.Figures[route]; ok && n >= from {
			f.P95 = time.Duration(float64(f.P95) * by)
			r.Summary.Figures[route] = f
		}
	}
}

// options are those of most tests.
func options() site.Options {
	return site.Options{Made: began.AddDate(1, 0, 0), Tool: "v1.2.3", Commit: "https://example.com/{repository}/commit/{commit}"}
}

// text is what a page writes.
func text(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// routePage is the page of a route.
func routePage(t testing.TB, g *site.Group, name string) string {
	t.Helper()
	for _, r := range g.Routes {
		if r.Name == name {
			return text(t, func(w io.Writer) error { return g.RoutePage(w, r) })
		}
	}
	t.Fatalf("there is no route %q", name)
	return ""
}

// chunks are all chunks of a group.
func chunks(t testing.TB, g *site.Group) string {
	t.Helper()
	return text(t, func(w io.Writer) error {
		for _, m := range g.Months() {
			if err := g.Chunk(w, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// chunkOf is the chunk of a month.
func chunkOf(t testing.TB, g *site.Group, m site.Month) string {
	t.Helper()
	return text(t, func(w io.Writer) error { return g.Chunk(w, m) })
}
