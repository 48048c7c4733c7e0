package tally_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Texts that differ in their values alone are one kind of error.
func TestKind(t *testing.T) {
	for said, want := range map[string]string{
		"":                  "",
		"no backend":        "no backend",
		"user 17 not found": "user # not found",
		"user 3fa85f64-5717-4562-b3fc-2c963f66afa6 not found.":      "user # not found.",
		"key (email)=(ann@x.test) is taken":                         "key (email)=(#) is taken",
		`unknown product "red boots": retry`:                        `unknown product "#": retry`,
		"can't find 'it' where it's wanted":                         "can't find '#' where it's wanted",
		"dial 10.0.0.1:8080: connection refused":                    "dial #: connection refused",
		"GET /users/17/cart?page=2 took 1.5s, at 2026-11-27T00:39Z": "GET /users/#/cart?page=# took #, at #",
		"an \"open quote":                                           "an \"open quote",
		"kunde 12 größer als":                                       "kunde # größer als",
		`"" is empty`:                                               `"" is empty`,
		"...":                                                       "...",
	} {
		if got := tally.Kind(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
		if got := tally.Kind(tally.Kind(said)); got != want {
			t.Errorf("%q: the kind of the kind is %q", said, got)
		}
	}
}

// One example of a kind is kept, the same in whatever order errors come and tallies merge.
func TestExamples(t *testing.T) {
	said := []string{"user 9 not found", "user 17 not found", strings.Repeat("user 2 not found\n", 100), ""}
	var want tally.Seen
	for turn := range said {
		var all tally.Tally
		for i := range said {
			var one tally.Tally
			one.Add(tally.Sample{Route: "r", Class: tally.Status, Error: "user # not found", Example: said[(turn+i)%len(said)], Ended: time.Second})
			all.Merge(&one)
		}
		if err := all.Validate(); err != nil {
			t.Fatal(err)
		}
		got := all.Routes["r"].Errors["user # not found"]
		if got.Count != 4 || got.Example != "user 17 not found" || turn > 0 && got != want {
			t.Errorf("%+v, before %+v", got, want)
		}
		want = got
	}
}
