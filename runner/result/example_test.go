package result_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// aRun is a run of three rounds. The second is slower.
func aRun() *result.Result {
	r := &result.Result{Schema: result.Schema, PlannedRounds: 3}
	r.Series, r.Commit = "shop", "4f2c9ab"
	r.Started = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r.Finished = r.Started.Add(3 * time.Second)
	for i, latency := range []time.Duration{20 * time.Millisecond, 35 * time.Millisecond, 21 * time.Millisecond} {
		counted := &tally.Tally{}
		counted.Add(tally.Sample{Route: "GET /items", Class: tally.OK, Ended: latency})
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*time.Second, time.Second, counted))
		r.Tally.Merge(counted)
	}
	return r
}

// Rounds are the unit of all statistics: one slow round does not move the median of three.
func ExampleResult_Summary() {
	s := aRun().Summary()
	fmt.Println(s.Routes(), s.Rounds, s.Figures["GET /items"].Requests, s.Figures["GET /items"].P50)
	// Output: [GET /items] 3 3 21ms
}

// A result is read back as it was written, with the same ID.
func ExampleDecode() {
	var file bytes.Buffer
	if err := result.Encode(&file, aRun()); err != nil {
		fmt.Println(err)
	}
	r, err := result.Decode(&file)
	fmt.Println(r.ID() == aRun().ID(), r.Whole(), err)
	// Output: true true <nil>
}

func ExampleDecode_hostile() {
	_, err := result.Decode(strings.NewReader(`{"schema": 1, "series": "shop", "series": "cart"}`))
	fmt.Println(err)
	// Output: not a complete result file: the key "series" comes twice, at byte 40
}

// If the clock stepped back during a run, no store accepts it, and the error says why.
func ExampleResult_Validate() {
	r := aRun()
	r.Finished = r.Started.Add(-time.Second)
	fmt.Println(r.Validate())
	// Output: it lasts from 2026-03-01 12:00:00 +0000 UTC to 2026-03-01 11:59:59 +0000 UTC
}

func ExampleEnvironment_Differences() {
	here := result.Environment{OS: "linux", CPUCores: 2, MemoryGiB: 8}
	there := here
	there.CPUCores = 4
	fmt.Println(here.Differences(there))
	// Output: [cores: 2 here, 4 there]
}
