package exporter_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
	"github.com/plimsoll-ci/plimsoll/runner/internal/monitor"
)

// A counter that grows evenly has that mean in each round, however late its pages come: if the value was read before the
// wait, after it, or in the middle. The time that seems short between two pages makes no peak.
func TestPagesThatComeUnevenly(t *testing.T) {
	const perSec = 0.5
	for name, before := range map[string]float64{"read first": 0, "read last": 1, "read between": 0.5} {
		t.Run(name, func(t *testing.T) {
			began, asked := time.Time{}, 0
			handler := func(w http.ResponseWriter, _ *http.Request) {
				if began.IsZero() {
					began = time.Now().Add(-time.Minute)
				}
				wait := time.Duration(asked%2) * 900 * time.Millisecond
				asked++
				time.Sleep(time.Duration(before * float64(wait)))
				counted := time.Since(began).Seconds()
				time.Sleep(wait - time.Duration(before*float64(wait)))
				fmt.Fprintf(w, "process_cpu_seconds_total %g\nnode_cpu_seconds_total{mode=\"idle\"} %g\nnode_cpu_seconds_total{mode=\"user\"} %g\n# TYPE depth gauge\ndepth 7\n",
					perSec*counted, 0.75*counted, 0.25*counted)
			}
			synctest.Test(t, func(t *testing.T) {
				s, end := serve(t, handler, exporter.Config{As: "app", Keep: []string{"process_cpu_seconds_total", "depth"}})
				sampler := monitor.New(t.Context(), monitor.Config{})
				sampler.Add("app", s)
				time.Sleep(300 * time.Millisecond)
				for round := range 3 {
					sampler.Edge(monitor.Phase(round))
					time.Sleep(30 * time.Second)
				}
				sampler.Edge(monitor.Pause)
				sampler.Settle(time.Second)
				w := sampler.Watch()
				const rate, share = "app.process_cpu_seconds_total_per_sec", "app.cpu_share"
				for i, got := range []map[string]float64{w.Mean, sampler.Round(0), sampler.Round(1), sampler.Round(2)} {
					if math.Abs(got[rate]/perSec-1) > 0.02 || math.Abs(got[share]/0.25-1) > 1e-9 || got["app.depth"] != 7 {
						t.Errorf("mean %d: %v", i, got)
					}
				}
				if peak := w.Peak[rate]; peak < perSec*0.95 || peak > perSec*1.5 || math.Abs(w.Peak[share]/0.25-1) > 1e-9 {
					t.Errorf("peak %v", w.Peak)
				}
				sampler.Close()
				end()
			})
		})
	}
}
