package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// leastBesides is the smallest change of the other readings to report as a change. They are noisier than CPU time.
const leastBesides = 0.1

// Cause says in one line what a regression is made of, such as "it works more: CPU a request +38 %"; empty for nil.
func Cause(e *gate.Explanation) string {
	if e == nil {
		return ""
	}
	what := "it works more"
	if e.Kind == gate.WaitsLonger {
		what = "it waits longer"
	}
	text := fmt.Sprintf("%s: CPU a request %s", what, about(e.CPU))
	if delay := e.RunDelay; delay != nil && math.Abs(*delay) < leastBesides {
		text += ", wait for a core the same"
	}
	for _, c := range []struct {
		what   string
		change *float64
	}{{"wait for a core", e.RunDelay}, {"disk bytes", e.DiskBytes}, {"connections", e.Connections}} {
		if c.change != nil && math.Abs(*c.change) >= leastBesides {
			text += ", " + c.what + " " + about(*c.change)
		}
	}
	return text
}

// about is a relative change with its sign, in whole percent from 10 % on, such as +38 % or +1.2 %.
func about(change float64) string {
	percent := 100 * math.Abs(change)
	if percent >= 9.95 {
		return fmt.Sprintf("%s%.0f %%", sign(change), percent)
	}
	return fmt.Sprintf("%s%s %%", sign(change), strings.TrimSuffix(fmt.Sprintf("%.1f", percent), ".0"))
}
