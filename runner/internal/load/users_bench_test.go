package load

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// BenchmarkUsers measures the memory of one more user, with its choices and values but no client.
func BenchmarkUsers(b *testing.B) {
	w, _ := newIdleWorker()
	source := datagen.New(w.run.Plan)
	w.run.Values = func(index, slots int) UserValues { return source.User(index, slots) }
	w.run.Sink = func(int, *tally.Tally) {}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		user := w.run.newWorker(0, i, 0)
		user.perform(b.Context(), user.choose.Task(0).Steps, time.Second)
	}
}
