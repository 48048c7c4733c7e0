package result_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The reason why a leg was cut short may be long, have several lines and hold any character. The sides are valid all the same,
// and tell it in one line.
func TestReasonsOfLostLegs(t *testing.T) {
	for text, want := range map[string]string{
		"the system ended:\n  panic\x1b[31m":            "head was cut short: the system ended:   panic [31m",
		"10 µs" + strings.Repeat("µ", 100):              "head was cut short: 10 µs" + strings.Repeat("µ", 72) + "...",
		strings.Repeat("x", 76) + "µ" + "0123456789012": "head was cut short: " + strings.Repeat("x", 76) + "µ...",
		strings.Repeat("µ", 80):                         "head was cut short: " + strings.Repeat("µ", 80),
	} {
		parts := fleetOf(4)
		r := parts["part-2-head.json"]
		r.Problems = append(r.Problems, result.Problem{Kind: result.TargetDied, Text: text})
		_, head := joined(t, parts)
		if got := head.Legs[1].Lost; got != want || !utf8.ValidString(got) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
