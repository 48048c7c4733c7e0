package hist_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
)

// A Histogram that takes over the values of a Recorder equals one that recorded them itself.
func TestRecorderIsAHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Int64Range(-5, 5e6), rapid.Int64Range(0, 2*int64(time.Hour)), rapid.SampledFrom([]int64{511, 512, 1<<20 - 1, 1 << 20, 1<<20 + 1, int64(hist.Highest)}))
		var recorder hist.Recorder
		var drained, direct hist.Histogram
		for range rapid.IntRange(0, 3).Draw(t, "drains") {
			for _, v := range rapid.SliceOf(value).Draw(t, "values") {
				recorder.Record(time.Duration(v))
				direct.Record(time.Duration(v))
			}
			recorder.Drain(&drained)
		}
		got, err := json.Marshal(drained)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(direct)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Fatalf("drained %s, recorded at once %s", got, want)
		}
	})
}

func BenchmarkRecorder(b *testing.B) {
	var r hist.Recorder
	for i := 0; b.Loop(); i++ {
		r.Record(time.Duration(50_000 + i%1_000_000))
	}
}
