package monitor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Of more figures than a result holds, those of the system and its machine stay, and what is left out is counted.
func TestTooManyFigures(t *testing.T) {
	const many = 1000
	s := newSums(time.Second)
	at := time.Unix(1_800_000_000, 0)
	s.start, s.at = at, at
	for range 3 {
		var r Reading
		for i := range many {
			r.gauge(fmt.Sprintf("exporter.figure_%03d", i), 1)
		}
		r.gauge("system.rss_bytes", 2)
		r.gauge("machine.cpu_share", 0.5)
		at = at.Add(time.Second)
		s.add(0, at, &r)
		s.at = at
	}
	table := newTable(time.Second)
	s.tell(table)
	w := table.watch()
	for _, name := range []string{"system.rss_bytes", "machine.cpu_share", "exporter.figure_000"} {
		if w.Mean[name] == 0 || w.Peak[name] == 0 || len(w.Timeline[name]) != 3 {
			t.Errorf("%s: mean %v, peak %v, timeline %v", name, w.Mean[name], w.Peak[name], w.Timeline[name])
		}
	}
	want := []result.Absent{
		{Source: "figures", Why: "only 900 are kept, 102 are left out"}, {Source: "timeline", Why: "only 270 figures have one, 732 are left out"},
	}
	if len(w.Mean) != maxFigures || len(w.Timeline) != maxColumns || !slices.Equal(w.Absent, want) {
		t.Errorf("%d means, %d columns, absent %v", len(w.Mean), len(w.Timeline), w.Absent)
	}
}
