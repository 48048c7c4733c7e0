package result_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The shards of 1 to 64 machines make the tallies and figures of one machine that recorded the same calls, to the byte.
func TestMergeIsExact(t *testing.T) {
	calls := record(rand.New(rand.NewPCG(1, 2)), 1000)
	whole := measured(calls)
	want := counts(t, whole)
	for n := 1; n <= 64; n++ {
		parts := cutUp(calls, n)
		if n&(n-1) == 0 { // writing files takes most of the time
			parts = fromFiles(t, parts)
		}
		r := merge(t, parts)
		if got := counts(t, r); got != want {
			t.Fatalf("%d shards merge to\n%.2000s\nthe whole is\n%.2000s", n, got, want)
		}
		if r.ID() != whole.ID() || !r.Whole() || len(r.Shards) != n || r.Part != nil || len(r.Notes) > 0 {
			t.Errorf("%d shards: ID %s, want %s; %d listed; part %v; problems %v; notes %q", n, r.ID(), whole.ID(), len(r.Shards), r.Part, r.Problems, r.Notes)
		}
	}
}

// The same shards give the same bytes, whatever their files are named and however often they are merged.
func TestMergeInAnyOrder(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 0))
		calls, n := record(random, random.IntN(300)), 1+random.IntN(9)
		parts := cutUp(calls, n)
		want := encode(t, merge(t, parts))
		names := slices.Sorted(maps.Keys(parts))
		random.Shuffle(n, func(i, k int) { names[i], names[k] = names[k], names[i] })
		renamed := map[string]*result.Result{}
		for name, r := range parts {
			renamed[names[len(renamed)]+name] = r
		}
		if got := encode(t, merge(t, renamed)); !bytes.Equal(got, want) {
			t.Errorf("%d shards by other names merge to\n%s\nwant\n%s", n, got, want)
		}
		if counts(t, merge(t, parts)) != counts(t, measured(calls)) {
			t.Errorf("%d shards, merged again, are not the whole", n)
		}
	}
}

// Readings of the load are added up. All others are those of shard 1, which watches the system.
func TestMergeAddsTheLoad(t *testing.T) {
	parts := cutUp(record(rand.New(rand.NewPCG(9, 8)), 300), 3)
	for i, name := range []string{"shard-1.json", "shard-2.json", "shard-3.json"} {
		for k := range parts[name].Rounds {
			parts[name].Rounds[k].Readings = map[string]float64{"generator.users": float64(7 - i), "machine.cpu_share": float64(i) / 10}
		}
	}
	parts["shard-1.json"].Watch = &result.Watch{Every: time.Second, Mean: map[string]float64{"system.cpu_share": 0.5}}
	r := merge(t, parts)
	for _, round := range r.Rounds {
		if round.Readings["generator.users"] != 18 || round.Readings["machine.cpu_share"] != 0 {
			t.Errorf("readings %v", round.Readings)
		}
	}
	if r.Watch == nil || r.Watch.Mean["system.cpu_share"] != 0.5 || parts["shard-1.json"].Rounds[0].Readings["generator.users"] != 7 {
		t.Errorf("watched: %v", r.Watch)
	}
}

// merge merges parts that make a whole.
func merge(t testing.TB, parts map[string]*result.Result) *result.Result {
	t.Helper()
	r, err := result.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cutUp divides calls among n shards by their indices.
func cutUp(calls []recorded, n int) map[string]*result.Result {
	own := make([][]recorded, n)
	for _, call := range calls {
		own[call.index%n] = append(own[call.index%n], call)
	}
	parts := map[string]*result.Result{}
	for i := range n {
		parts[fmt.Sprintf("shard-%d.json", i+1)] = part(measured(own[i]), i, n)
	}
	return parts
}

// part makes a run the one of a shard.
func part(r *result.Result, i, n int) *result.Result {
	r.Part = &result.Part{Index: i, Of: n, By: fmt.Sprintf("host-%d", i+1), Seed: "1", Began: r.Started.Add(time.Second)}
	r.Problems = append(r.Problems, r.Part.Problem())
	return r
}

const (
	sharedRounds = 3
	sharedLength = 10 * time.Second
	sharedWarmUp = 5 * time.Second
)

// recorded is what happened to the call of one user or arrival.
type recorded struct {
	index int
	tally.Sample
}

// record makes up what happened to n calls: of all classes, across the ends of rounds, with more texts of errors than a
// route keeps.
func record(random *rand.Rand, n int) (all []recorded) {
	for i := range n {
		due := time.Duration(random.Int64N(int64(sharedWarmUp + sharedRounds*sharedLength)))
		sent := due + time.Duration(random.ExpFloat64()*float64(time.Millisecond))
		one := recorded{i, tally.Sample{
			Route: []string{"GET /a", "GET /b", "POST /c"}[random.IntN(3)], Due: due, Sent: sent, Ended: sent + time.Duration(random.ExpFloat64()*float64(400*time.Millisecond)),
			Class: tally.OK, BytesReceived: random.Int64N(1e6), Resent: random.Int64N(2),
		}}
		switch random.IntN(10) {
		case 0:
			one.Class, one.Error, one.Example = tally.Status, fmt.Sprintf("status %d", 400+random.IntN(200)), fmt.Sprintf("status of %d", random.IntN(9))
		case 1:
			one.Class, one.Error = []tally.Class{tally.Timeout, tally.Dropped, tally.Transport}[random.IntN(3)], "late"
		case 2:
			one.Class, one.Unfinished = 0, true
		}
		all = append(all, one)
	}
	return all
}

// measured is the run of calls, counted as the load counts them.
func measured(calls []recorded) *result.Result {
	r := small()
	r.Rounds, r.Tally, r.WarmUp = nil, tally.Tally{}, &tally.Tally{}
	r.PlannedRounds, r.Users = sharedRounds, 0
	r.Started, r.Finished = r.Started.Add(-time.Second), r.Started.Add(40*time.Second)
	rounds := make([]tally.Tally, sharedRounds)
	for _, call := range calls {
		if call.Due < sharedWarmUp {
			r.WarmUp.Add(call.Sample)
			continue
		}
		i := int((call.Due - sharedWarmUp) / sharedLength)
		rounds[i].Add(call.Sample)
		if end := sharedWarmUp + time.Duration(i+1)*sharedLength; call.Class == tally.OK && call.Ended > end {
			outside := int64(tally.Whole * float64(call.Ended-end) / float64(call.Response()))
			rounds[i].Routes[call.Route].Carried -= outside
			if i+1 < sharedRounds {
				rounds[i+1].Merge(&tally.Tally{Routes: map[string]*tally.Route{call.Route: {Outcomes: map[tally.Class]int64{}, Carried: outside}}})
			}
		}
	}
	for i := range rounds {
		r.Rounds = append(r.Rounds, result.NewRound(sharedWarmUp+time.Duration(i)*sharedLength, sharedLength, &rounds[i]))
		r.Tally.Merge(&rounds[i])
	}
	return r
}

// fromFiles writes the results of shards into files, and reads them back.
func fromFiles(t testing.TB, parts map[string]*result.Result) map[string]*result.Result {
	t.Helper()
	read := map[string]*result.Result{}
	for name, r := range parts {
		again, err := result.Decode(bytes.NewReader(encode(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		read[name] = again
	}
	return read
}

// counts are the bytes of all that was counted: the rounds with their tallies and figures, the whole, the warm-up.
func counts(t testing.TB, r *result.Result) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"rounds": r.Rounds, "tally": r.Tally, "warm-up": r.WarmUp})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
