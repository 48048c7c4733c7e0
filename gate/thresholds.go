package gate

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// rule is an absolute limit in k6's grammar: a figure, a comparison and a number. Latencies
// are in milliseconds, rate is in requests that succeeded per second.
type rule struct {
	text   string
	figure string
	q      float64 // of p(N)
	op     string
	bound  float64
}

var ruleForm = regexp.MustCompile(`^\s*(count|rate|avg|min|max|med|p\(\s*([0-9.]+)\s*\))\s*(>=|<=|===|==|!=|>|<)\s*([0-9.]+)\s*$`)

var errRule = errors.New("is not a threshold: write one such as p(95)<500, avg<=200, max<1000, count>1000 or rate>=50 (latencies in ms, rate in requests a second)")

// parseRule reads a threshold.
func parseRule(text string) (rule, error) {
	match := ruleForm.FindStringSubmatch(text)
	if match == nil {
		return rule{}, fmt.Errorf("%q %w", text, errRule)
	}
	r := rule{text: strings.TrimSpace(text), figure: match[1], op: match[3]}
	var err error
	if r.bound, err = strconv.ParseFloat(match[4], 64); err != nil {
		return rule{}, fmt.Errorf("%q %w", text, errRule)
	}
	if match[2] != "" {
		n, err := strconv.ParseFloat(match[2], 64)
		if err != nil || n <= 0 || n > 100 {
			return rule{}, fmt.Errorf("%q: a percentile lies between 0 and 100, such as p(95)", text)
		}
		r.figure, r.q = "p", n/100
	}
	return r, nil
}

// value is the rule's figure of a route over a time; not ok if there were no requests.
func (r rule) value(t *tally.Route, length time.Duration) (v float64, ok bool) {
	if t == nil || t.Requests() == 0 {
		return 0, false
	}
	switch r.figure {
	case "count":
		return float64(t.Requests()), true
	case "rate":
		return t.Served() / length.Seconds(), length > 0
	}
	if t.Response.Count() == 0 { // none was ever sent
		return 0, false
	}
	switch r.figure {
	case "avg":
		return milliseconds(t.Response.Mean()), true
	case "min":
		return milliseconds(t.Response.Min()), true
	case "max":
		return milliseconds(t.Response.Max()), true
	case "med":
		return milliseconds(t.Response.Quantile(0.5)), true
	default:
		return milliseconds(t.Response.Quantile(r.q)), true
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// open says that a latency may be larger than measured, because requests that the end of the load cut off may
// be beyond it; nil if it cannot.
func (r rule) open(t *tally.Route) *Why {
	q, is := map[string]float64{"med": 0.5, "p": r.q, "max": 1}[r.figure]
	if most := math.Floor((1-q)*float64(t.Requests()) + 1e-9); is && float64(t.Unfinished) > most {
		return &Why{Kind: Unfinished, Has: float64(t.Unfinished), Needs: most}
	}
	return nil
}

// holds reports whether a value keeps the rule.
func (r rule) holds(v float64) bool {
	switch r.op {
	case "<":
		return v < r.bound
	case "<=":
		return v <= r.bound
	case ">":
		return v > r.bound
	case ">=":
		return v >= r.bound
	case "!=":
		return v != r.bound
	default:
		return math.Abs(v-r.bound) < 1e-9
	}
}

// extent tells how much of its plan a run has measured.
type extent struct {
	rounds int  // of the whole plan; 0 if the run has all of them
	last   bool // nothing more will be measured that could tell
}

// judgeThresholds holds a run to its absolute limits. A threshold without any data is in doubt: no data is not
// a pass. A count is for the whole plan: if a pairing ended early, the count is scaled, and in doubt if that
// brings it too close to its limit. All other figures cover only what was measured. A latency that requests
// cut off by the end of the load may take past its limit is in doubt too.
func judgeThresholds(p Policy, r *result.Result, of extent) (judged []Threshold, doubts []Reason) {
	for _, t := range p.Thresholds {
		counted := r.Tally.Routes[t.Route]
		if t.Route == tally.All {
			counted = r.Tally.Total() // merges all histograms
		}
		for _, rule := range t.rules {
			one := Threshold{Route: t.Route, Rule: rule.text, Status: Within}
			v, ok := rule.value(counted, r.Length())
			unsure := 0.0
			if scale := float64(of.rounds) / float64(max(len(r.Rounds), 1)); ok && rule.figure == "count" && of.rounds > 0 && scale != 1 {
				// Three standard deviations of a count, of the part that was not measured.
				one.Counted, v, unsure = v, v*scale, 3*scale*math.Sqrt(v*math.Abs(1-1/scale))
			}
			one.Value = v
			switch {
			case !ok:
				one.Status = NotJudged
				doubts = append(doubts, Reason{Kind: NoSamples, Route: t.Route, Rule: rule.text})
			case !of.last && unsure > 0 && math.Abs(v-rule.bound) <= unsure:
				one.Status = NotJudged
				doubts = append(doubts, Reason{Kind: ThresholdOpen, Route: t.Route, Rule: rule.text, Now: v})
			case !rule.holds(v):
				one.Status = Worse
			case rule.op == "<" || rule.op == "<=":
				if why := rule.open(counted); why != nil {
					one.Status = NotJudged
					doubts = append(doubts, Reason{Kind: RouteNotJudged, Route: t.Route, Rule: rule.text, Why: why})
				}
			}
			judged = append(judged, one)
		}
	}
	return judged, doubts
}
