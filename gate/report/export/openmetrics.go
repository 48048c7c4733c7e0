package export

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// openQuantiles lists the exported quantiles of response times.
var openQuantiles = []float64{0.5, 0.9, 0.95, 0.99, 1}

// OpenMetrics writes the run and the verdict as a page of OpenMetrics. It has no timestamps: the reader adds them.
func OpenMetrics(w io.Writer, m report.Material) error {
	p := &page{series: report.Plain(seriesOf(m), maxLabel)}
	if m.Run != nil {
		p.run(m.Run)
	}
	if m.Report != nil {
		p.verdict(m.Report.Verdict)
	}
	if m.Capacity != nil {
		p.capacity(m.Capacity)
	}
	p.b.WriteString("# EOF\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

func seriesOf(m report.Material) string {
	if m.Report != nil {
		return m.Report.Subject.Series
	}
	if m.Run != nil {
		return m.Run.Series
	}
	if m.Capacity != nil {
		return m.Capacity.Series
	}
	return ""
}

// page is a page that grows.
type page struct {
	b      strings.Builder
	series string
}

// family begins a family of samples.
func (p *page) family(name, kind, help string) {
	fmt.Fprintf(&p.b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
}

// sample adds a sample. labels are names and values in turn.
func (p *page) sample(name string, value float64, labels ...string) {
	fmt.Fprintf(&p.b, "%s{series=%s", name, quoted(p.series))
	for i := 0; i < len(labels); i += 2 {
		fmt.Fprintf(&p.b, ",%s=%s", labels[i], quoted(labels[i+1]))
	}
	fmt.Fprintf(&p.b, "} %s\n", strconv.FormatFloat(value, 'g', -1, 64))
}

// quoted escapes a harmless text for the value of a label: only these characters are special there.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// run adds the figures of the judged rounds.
func (p *page) run(r *result.Result) {
	p.family("plimsoll_response_seconds", "gauge", "Response time in judged rounds, by route and quantile.")
	for _, one := range withAll(r) {
		for _, q := range openQuantiles {
			if one.Counts.Response.Count() > 0 {
				p.sample("plimsoll_response_seconds", one.Counts.Response.Quantile(q).Seconds(), "route", label(one.Route), "q", strconv.FormatFloat(q, 'g', -1, 64))
			}
		}
	}
	p.family("plimsoll_requests", "counter", "Requests in judged rounds, by route and outcome.")
	for _, one := range report.CountedOf(r) { // the sum over the routes is all of them
		names, counts := classes(one.Counts)
		for i, name := range names {
			p.sample("plimsoll_requests_total", float64(counts[i]), "route", label(one.Route), "outcome", name)
		}
	}
	p.family("plimsoll_judged_seconds", "gauge", "Length of all judged rounds.")
	p.sample("plimsoll_judged_seconds", r.Length().Seconds())
	p.family("plimsoll_finished_timestamp_seconds", "gauge", "When the run ended, since 1970.")
	p.sample("plimsoll_finished_timestamp_seconds", float64(r.Finished.UnixMilli())/1000)
}

// capacity writes the two ends of a bracket, as far as they were seen: a higher load that was hindered is no end.
func (p *page) capacity(c *capacity.Report) {
	unit := "tasks_per_second"
	if c.Users {
		unit = "users"
	}
	p.family("plimsoll_capacity", "gauge", "Load of a search: the highest that held, and the lowest above it that did not.")
	if c.Holds != nil {
		p.sample("plimsoll_capacity", c.Holds.Load, "unit", unit, "bound", "holds")
	}
	if c.Breaks != nil && c.Breaks.Status == capacity.Broken {
		p.sample("plimsoll_capacity", c.Breaks.Load, "unit", unit, "bound", "breaks")
	}
	confirmed := 0.0
	if c.Outcome() == gate.Pass {
		confirmed = 1
	}
	p.family("plimsoll_capacity_confirmed", "gauge", "1 if the load that held was confirmed.")
	p.sample("plimsoll_capacity_confirmed", confirmed)
}

// verdict adds the outcome and the changes.
func (p *page) verdict(v gate.Verdict) {
	p.family("plimsoll_verdict", "gauge", "1 for the outcome of the gate, 0 for the others.")
	for _, outcome := range []gate.Outcome{gate.Pass, gate.Fail, gate.Inconclusive, gate.Unjudged} {
		is := 0.0
		if outcome == v.Outcome {
			is = 1
		}
		p.sample("plimsoll_verdict", is, "outcome", outcome.String())
	}
	p.family("plimsoll_change_ratio", "gauge", "Relative change against the baseline, by route and metric; for failures the difference of their shares.")
	for _, c := range changes(v) {
		p.sample("plimsoll_change_ratio", c.Change, "route", label(c.Route), "metric", report.Key(string(c.Metric), maxLabel))
	}
}

// changes returns the comparisons that have a change, in the order of the verdict. If a verdict file has cut several names
// to the same text, it keeps only the first, which is the worst.
func changes(v gate.Verdict) (all []gate.Comparison) {
	seen := map[[2]string]bool{}
	for i := range v.Comparisons {
		c := v.Comparisons[i]
		key := [2]string{label(c.Route), string(c.Metric)}
		if seen[key] {
			continue
		}
		seen[key] = true
		if c.Status != gate.NotJudged && !math.IsNaN(c.Change) && !math.IsInf(c.Change, 0) {
			all = append(all, c)
		}
	}
	return all
}
