package monitor

import (
	"testing"
	"time"
)

// The fact names what the highest judged value was of, and not what was read last.
func TestWhose(t *testing.T) {
	s := newSums(time.Second)
	at := time.Unix(1_800_000_000, 0)
	s.start, s.at = at, at
	for i, c := range []struct {
		phase Phase
		whose string
		used  float64
		want  string
	}{
		{Unjudged, "start-up", 0.9, "start-up"},
		{Unjudged, "warm-up", 1, "start-up"},
		{0, "worker", 0.4, "worker"},
		{0, "hot", 0.8, "hot"},
		{Unjudged, "janitor", 1, "hot"},
		{1, "idle", 0.01, "hot"},
		{1, "hotter", 0.9, "hotter"},
	} {
		var r Reading
		r.countedOf(c.whose, "system.busiest_thread", c.used, 1)
		at = at.Add(time.Second)
		s.add(c.phase, at, &r)
		s.at = at
		if got := s.facts["system.busiest_thread"]; got != c.want {
			t.Errorf("reading %d: %q, want %q", i+1, got, c.want)
		}
	}
}
