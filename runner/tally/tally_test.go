package tally_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var samples = rapid.SliceOf(rapid.Custom(func(t *rapid.T) tally.Sample {
	due := time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "due"))
	sent := due + time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "lag"))
	return tally.Sample{
		Route: rapid.SampledFrom([]string{"GET /a", "GET /b", "POST /c"}).Draw(t, "route"),
		Due:   due, Sent: sent, Ended: sent + time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "service")),
		Class:         rapid.SampledFrom([]tally.Class{tally.OK, tally.Status, tally.Timeout, tally.Generator, tally.Dropped}).Draw(t, "class"),
		BytesReceived: rapid.Int64Range(0, 1e6).Draw(t, "bytes"),
		Error:         fmt.Sprintf("status %d", 500+rapid.IntRange(0, 80).Draw(t, "error")),
		Resent:        rapid.Int64Range(0, 2).Draw(t, "resent"),
		Unfinished:    rapid.Bool().Draw(t, "unfinished"),
	}
}))

func of(samples []tally.Sample) *tally.Tally {
	t := &tally.Tally{}
	for _, s := range samples {
		t.Add(s)
	}
	return t
}

func text(t *rapid.T, tl *tally.Tally) string {
	data, err := json.Marshal(tl)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The tallies of shards, merged in any order, are the tally of the whole.
func TestMergeIsAMonoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := samples.Draw(t, "samples")
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		whole := text(t, of(all))
		ab, ba := of(all[:cut]), of(all[cut:])
		ab.Merge(of(all[cut:]))
		ba.Merge(of(all[:cut]))
		ab.Merge(&tally.Tally{})
		if len(all) > 0 && (text(t, ab) != whole || text(t, ba) != whole) {
			t.Fatalf("whole %s\na+b %s\nb+a %s", whole, text(t, ab), text(t, ba))
		}
	})
}

// A Recorder counts as a Tally does.
func TestRecorder(t *testing.T) {
	names := []tally.Name{{Route: "GET /a"}, {Route: "GET /b"}, {Route: "POST /c"}}
	rapid.Check(t, func(t *rapid.T) {
		r := tally.NewRecorder(names)
		for range 2 { // drained, it begins anew
			all := samples.Draw(t, "samples")
			for _, s := range all {
				r.Add(slices.Index(names, tally.Name{Route: s.Route}), s)
			}
			if got, want := text(t, r.Drain()), text(t, of(all)); got != want {
				t.Fatalf("recorded %s, added %s", got, want)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	tl := of([]tally.Sample{
		{Route: "GET /a", Due: 1e9, Sent: 2e9, Ended: 4e9, Class: tally.OK, BytesReceived: 7},
		{Route: "GET /a", Class: tally.Status, Error: "status 500", BytesReceived: 3},
		{Route: "GET /a", Class: tally.Generator, Error: "no port"},
		{Route: "GET /b", Class: tally.Timeout, Error: "late", Ended: 5e9},
	})
	a, total := tl.Routes["GET /a"], tl.Total()
	if a.Requests() != 3 || a.Failures() != 2 || a.BytesReceived != 10 {
		t.Errorf("GET /a: %+v", a)
	}
	if a.Response.Count() != 2 || a.Response.Max() != 3*time.Second || a.Service.Max() != 2*time.Second {
		t.Errorf("response %v (of %d), service %v; what this machine could not send has no latency", a.Response.Max(), a.Response.Count(), a.Service.Max())
	}
	if total.Requests() != 4 || total.Failures() != 3 || total.Errors["late"] != (tally.Seen{Count: 1, First: 5e9, Last: 5e9}) {
		t.Errorf("total: %+v", total)
	}
}

// The parts of a call are counted beside it, and not again in the total.
func TestPartsAreNotInTotal(t *testing.T) {
	r := tally.NewRecorder([]tally.Name{{Route: "WS /chat"}, {Route: "WS /chat each message", Part: true}})
	r.Add(0, tally.Sample{Class: tally.OK})
	for range 20 {
		r.Add(1, tally.Sample{Class: tally.OK})
	}
	merged := &tally.Tally{}
	merged.Merge(r.Drain())
	if n := merged.Total().Requests(); n != 1 {
		t.Errorf("the whole counts %d requests, want the one call", n)
	}
	if n := merged.Routes["WS /chat each message"].Requests(); n != 20 {
		t.Errorf("%d messages are counted, want 20", n)
	}
}

func TestClassText(t *testing.T) {
	for c := tally.OK; c <= tally.Generator; c++ {
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back tally.Class
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%v became %v, %v", c, back, err)
		}
	}
	var c tally.Class
	if err := c.UnmarshalText([]byte("fine")); err == nil {
		t.Error("an unknown class was read")
	}
}

// The errors of a later stretch were seen later.
func TestDelay(t *testing.T) {
	var all tally.Tally
	for _, began := range []time.Duration{0, time.Minute} {
		stretch := of([]tally.Sample{{Route: "GET /a", Ended: time.Second, Class: tally.Status, Error: "status 500"}})
		stretch.Delay(began)
		all.Merge(stretch)
	}
	want := tally.Seen{Count: 2, First: time.Second, Last: time.Minute + time.Second}
	if got := all.Routes["GET /a"].Errors["status 500"]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
