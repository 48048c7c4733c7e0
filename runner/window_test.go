package runner

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A window holds the last ten seconds, and beside them everything since the load began.
func TestRecall(t *testing.T) {
	var windows []Window
	var all []int64
	r := recall{tell: func(w Window) { windows, all = append(windows, w), append(all, w.All.Requests()) }}
	began := time.Unix(1_000, 0)
	for i := range 12 {
		counts := &tally.Tally{}
		for range i + 1 {
			counts.Add(tally.Sample{Route: "GET /", Class: tally.OK, Ended: time.Duration(i+1) * time.Millisecond})
		}
		r.second(began.Add(time.Duration(i)*time.Second), result.Second{Length: time.Second, Users: i}, counts.Total())
	}
	for i, want := range map[int][3]int64{0: {1, 1, 1}, 9: {10, 55, 55}, 11: {10, 75, 78}} { // seconds, requests in them, all requests
		w := windows[i]
		if got := [3]int64{int64(w.Length / time.Second), w.Last.Requests(), all[i]}; got != want || w.Users != i || w.At != began.Add(time.Duration(i)*time.Second) {
			t.Errorf("window %d: %v, want %v; %d users at %v", i, got, want, w.Users, w.At)
		}
	}
	if last := windows[11].Last.Response; last.Min() != 3*time.Millisecond || last.Max() != 12*time.Millisecond {
		t.Errorf("the last window has answers from %v to %v", last.Min(), last.Max())
	}
}
