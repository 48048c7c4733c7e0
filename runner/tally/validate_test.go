package tally_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Validate accepts what this package counts, before and after JSON.
func TestValidateAcceptsWhatIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counted := of(samples.Draw(t, "samples"))
		if err := counted.Validate(); err != nil {
			t.Fatal(err)
		}
		var back tally.Tally
		if err := json.Unmarshal([]byte(text(t, counted)), &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestValidateRefuses(t *testing.T) {
	for want, change := range map[string]func(*tally.Tally){
		"-1 requests of class ok":  func(tl *tally.Tally) { tl.Routes["GET /a"].Outcomes[tally.OK] = -1 },
		"requests of class status": func(tl *tally.Tally) { tl.Routes["GET /a"].Outcomes[tally.Status] = math.MaxInt64 },
		"of class class 99":        func(tl *tally.Tally) { tl.Routes["GET /a"].Outcomes[99] = 1 },
		"requests in all":          many(tally.Dropped),
		"latencies: 1 of 2":        func(tl *tally.Tally) { tl.Routes["GET /a"].Outcomes[tally.OK]++ },
		"the longest 9600h": func(tl *tally.Tally) {
			tl.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: 400 * 24 * time.Hour})
		},
		"bytes":                          func(tl *tally.Tally) { tl.Routes["GET /a"].BytesReceived = math.MaxInt64 },
		"were sent again":                func(tl *tally.Tally) { tl.Routes["GET /a"].Resent = -1 },
		"sent again, of at most":         resent,
		"-1 requests are unfinished":     func(tl *tally.Tally) { tl.Routes["GET /a"].Unfinished = -1 },
		"latencies: 1 of 3":              func(tl *tally.Tally) { tl.Routes["GET /a"].Unfinished = 2 },
		"are unfinished":                 func(tl *tally.Tally) { tl.Routes["GET /a"].Unfinished = tally.MaxRequests },
		"-1001 thousandths":              func(tl *tally.Tally) { tl.Routes["GET /a"].Carried = -1001 },
		"are carried over":               func(tl *tally.Tally) { tl.Routes["GET /a"].Carried = tally.Whole*tally.MaxRequests + 1 },
		"3 times among 0":                seen("late", tally.Seen{Count: 3}),
		"0 times":                        seen("late", tally.Seen{}),
		"from 5ns to 1ns":                seen("late", tally.Seen{Count: 1, First: 5, Last: 1}),
		"not printable":                  seen("\x1b[31m", tally.Seen{Count: 1}),
		"longer than 300":                seen(strings.Repeat("a", 301), tally.Seen{Count: 1}),
		"51 error texts":                 texts(51),
		"is named \"\"":                  func(tl *tally.Tally) { tl.Routes[""] = tl.Routes["GET /a"] },
		"is named \"*\"":                 func(tl *tally.Tally) { tl.Routes[tally.All] = tl.Routes["GET /a"] },
		"holds a control character":      func(tl *tally.Tally) { tl.Routes["a\x00"] = tl.Routes["GET /a"] },
		"or not UTF-8":                   func(tl *tally.Tally) { tl.Routes["\xff"] = tl.Routes["GET /a"] },
		"name of a route is longer than": func(tl *tally.Tally) { tl.Routes[strings.Repeat("a", 5000)] = tl.Routes["GET /a"] },
		"it has no outcomes":             func(tl *tally.Tally) { tl.Routes["GET /b"] = nil },
		"it has 200002 routes":           routes(200_001),
	} {
		tl := of([]tally.Sample{{Route: "GET /a", Class: tally.OK, Ended: time.Second}})
		change(tl)
		if err := tl.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// many gives each of several routes as many requests as all may have together.
func many(class tally.Class) func(*tally.Tally) {
	return func(tl *tally.Tally) {
		for i := range 3 {
			tl.Routes[fmt.Sprint(i)] = &tally.Route{Outcomes: map[tally.Class]int64{class: tally.MaxRequests}}
		}
	}
}

// resent gives each of two routes as many resent requests as all may have together.
func resent(tl *tally.Tally) {
	for i := range 2 {
		tl.Routes[fmt.Sprint(i)] = &tally.Route{Outcomes: map[tally.Class]int64{}, Resent: tally.MaxRequests}
	}
}

func seen(text string, s tally.Seen) func(*tally.Tally) {
	return func(tl *tally.Tally) { tl.Routes["GET /a"].Errors = tally.Errors{text: s} }
}

func texts(n int) func(*tally.Tally) {
	return func(tl *tally.Tally) {
		tl.Routes["GET /a"].Errors = tally.Errors{}
		for i := range n {
			tl.Routes["GET /a"].Errors[fmt.Sprint(i)] = tally.Seen{Count: 1}
		}
	}
}

func routes(n int) func(*tally.Tally) {
	return func(tl *tally.Tally) {
		for i := range n {
			tl.Routes[fmt.Sprint(i)] = nil
		}
	}
}

// Thousands of tallies at the bounds can be merged: nothing overflows, and no merge refuses.
func TestValidTalliesCanBeMerged(t *testing.T) {
	if tally.MaxRequests > hist.MaxCount/9000 || tally.MaxBytes > math.MaxInt64/9000 {
		t.Error("nine thousand tallies at the bounds do not fit")
	}
	full := &tally.Tally{Routes: map[string]*tally.Route{"GET /a": {Outcomes: map[tally.Class]int64{tally.Dropped: tally.MaxRequests}, BytesReceived: tally.MaxBytes, Resent: tally.MaxRequests, Carried: tally.Whole * tally.MaxRequests}}}
	if err := full.Validate(); err != nil {
		t.Fatal(err)
	}
	sum := &tally.Tally{}
	for range 9000 {
		sum.Merge(full)
	}
	if total := sum.Total(); total.Requests() != 9000*tally.MaxRequests || total.BytesReceived != 9000*tally.MaxBytes || total.Resent != 9000*tally.MaxRequests || total.Carried != 9000*tally.Whole*tally.MaxRequests {
		t.Errorf("%d requests, %d bytes", total.Requests(), total.BytesReceived)
	}
}
