package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// endless is a store with any number of removable runs.
type endless struct{ baseline.Store }

func (endless) Expired(_ context.Context, r baseline.Retention) ([]baseline.Info, error) {
	return make([]baseline.Info, max(1, r.Limit)), nil
}

func TestDryRunSaysThatItStopped(t *testing.T) {
	var stdout bytes.Buffer
	if err := (&baselinePruneCmd{}).tell(t.Context(), &console.Console{Stdout: &stdout}, endless{}, baseline.Retention{Keep: 1}); err != nil {
		t.Fatal(err)
	}
	if want := "100000 runs or more would be removed; nothing was.\n"; !strings.HasSuffix(stdout.String(), want) {
		t.Errorf("got %q, want %q at its end", stdout.String()[max(0, stdout.Len()-200):], want)
	}
}
