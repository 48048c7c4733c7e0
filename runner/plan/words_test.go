package plan_test

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// A time is shown as people write it, without digits that nobody asked for.
func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                 "0s",
		time.Second * 2 / 3:               "667ms",
		time.Second / 24:                  "42ms",
		time.Millisecond / 3:              "330µs",
		5 * time.Nanosecond:               "5ns",
		1500 * time.Millisecond:           "1.5s",
		28*time.Second + time.Second/3:    "28.333s",
		time.Minute:                       "1m",
		2*time.Minute + 30*time.Second:    "2m30s",
		time.Hour:                         "1h",
		10 * time.Hour:                    "10h",
		time.Hour + 10*time.Minute:        "1h10m",
		time.Hour + 30*time.Second:        "1h0m30s",
		100*time.Millisecond + 1:          "100ms",
		time.Minute - 10*time.Microsecond: "1m",
	} {
		if got := plan.InWords(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
