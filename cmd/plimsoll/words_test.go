package main

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

func TestMarks(t *testing.T) {
	ana, unnamed := &baseline.Mark{By: "Ana", Why: "taxes"}, &baseline.Mark{By: nobody, Why: "disk"}
	for _, c := range []struct {
		info baseline.Info
		want string
	}{
		{baseline.Info{}, ""},
		{baseline.Info{Accepted: ana}, "accepted by Ana: taxes"},
		{baseline.Info{Accepted: ana, Excluded: unnamed}, "excluded (by an unrecorded person): disk; accepted by Ana: taxes"},
	} {
		if got := marks(c.info); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
