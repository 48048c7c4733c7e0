package storetest

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// figures reads the view plimsoll_figure as people do, by SQL.
func (s Suite) figures(t *testing.T) {
	place := s.Place(t)
	store := s.open(t, place)
	r := NewResult(1, func(r *result.Result) {
		for i, p50 := range []time.Duration{3 * time.Millisecond, 5 * time.Millisecond} {
			of := r.Rounds[i].Figures["GET /items"]
			of.P50, of.Failures, of.Throughput = p50, int64(i+1), float64(10*i)
			r.Rounds[i].Figures["GET /items"] = of
		}
	})
	put(t, store, r)
	gone := put(t, store, NewResult(2, later(2))).ID
	if err := store.Exclude(t.Context(), gone, NewMark(0)); err != nil {
		t.Fatal(err)
	}

	db := s.SQL(t, place)
	got := map[string]float64{}
	rows, err := db.QueryContext(t.Context(), "SELECT route, metric, value FROM plimsoll_figure"+
		" WHERE series = 'shop' AND repository = 'example/shop' AND branch = 'main' AND commit_sha <> '' AND environment <> '' AND tool = '1.0.0' AND started > '2026-01-01' AND run <> ''")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var route, metric string
		var value float64
		if err := rows.Scan(&route, &metric, &value); err != nil {
			t.Fatal(err)
		}
		got[route+" "+metric] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	want := map[string]float64{
		"GET /items requests": 200, "GET /items failures": 3, "GET /items throughput_per_sec": 5, "GET /items p50_ms": 4,
		"* requests": 400, "* failures": 0, "* throughput_per_sec": 20,
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %g, want %g", name, got[name], value)
		}
	}
	if p99 := r.Rounds[0].Total.P99; math.Abs(got["* p99_ms"]-p99.Seconds()*1000) > 1e-6 || p99 == 0 {
		t.Errorf("p99 of all routes is %g ms, want %v", got["* p99_ms"], p99)
	}
	if len(got) != 3*6 {
		t.Errorf("%d figures of 3 routes, want 6 of each: %v", len(got), got)
	}
}
