package hist_test

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
)

func ExampleHistogram() {
	var h hist.Histogram
	for ms := range 100 {
		h.Record(time.Duration(ms+1) * time.Millisecond)
	}
	fmt.Println(h.Count(), h.Quantile(0.5).Round(time.Millisecond), h.Quantile(0.99).Round(time.Millisecond), h.Max())
	// Output: 100 50ms 99ms 100ms
}

// Two machines count apart, and together.
func ExampleHistogram_Merge() {
	var here, there hist.Histogram
	here.Record(2 * time.Millisecond)
	there.Record(9 * time.Millisecond)
	if err := here.Merge(&there); err != nil {
		fmt.Println(err)
	}
	fmt.Println(here.Count(), here.Min(), here.Max())
	// Output: 2 2ms 9ms
}

// A Recorder counts in the hot path, and a Histogram takes over its counts.
func ExampleRecorder() {
	var r hist.Recorder
	r.Record(3 * time.Millisecond)
	r.Record(2 * time.Hour)

	var h hist.Histogram
	r.Drain(&h)
	fmt.Println(h.Count(), h.Over(), h.Max())
	// Output: 2 1 2h0m0s
}
