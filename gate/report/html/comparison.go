package html

import (
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
)

// comparison shows the rows that matter, or if there are none, those nearest to their limits.
func (p *page) comparison() {
	switch {
	case p.told == nil:
		return
	case len(p.told.Rows) == 0 && p.m.Report.Verdict.Outcome == gate.Unjudged:
		return
	case len(p.told.Rows) == 0:
		p.note("No figure was compared.")
	}
	shown := p.told.Rows
	if !p.few() {
		shown = shown[:min(len(shown), max(min(p.told.Matter, maxMatter), leastRows))]
	}
	if len(shown) > 0 {
		p.rows("Worst first", shown, comparedUpTo)
	}
	if !p.few() && p.told.Matter > len(shown) {
		p.more(p.told.Matter-len(shown), "past their limits, by less")
	}
	if p.few() {
		p.notCompared()
	}
	p.list(p.told.Loads)
	p.table(table{caption: "What was not compared of the API", Grid: p.told.Missing, upTo: comparedUpTo})
}

// The rows of the first table: all if they are few, else those that matter, and at least some.
const (
	fewRows   = 15
	maxMatter = 40
	leastRows = 10
)

func (p *page) few() bool { return len(p.told.Rows) <= fewRows && p.told.More == 0 }

// notCompared says which figures are in no table, and why.
func (p *page) notCompared() {
	p.more(p.told.More, "that the verdict's file does not hold")
	p.line("", plainWords(p.told.AsIs))
	if len(p.told.Unjudged) > 0 {
		p.element("p", "Not judged:")
		p.list(p.told.Unjudged)
	}
}

// maxSpans is the most rows of a table that get a drawing.
const maxSpans = 60

// rows is a table of comparisons, with a drawing of each change against its limit.
func (p *page) rows(caption string, rows []report.Row, upTo int) {
	const columns = "llrrrrll"
	p.beginTable("rows", caption, append(append([]string{}, p.told.Header...), "Against its limit"), columns)
	shown := 0
	for i, r := range rows {
		if p.Len() > upTo {
			break
		}
		cells := r.Cells
		if r.Comparison.Status == gate.Worse {
			cells = append([]string{}, cells...)
			cells[len(cells)-1] = "✗\u00a0" + cells[len(cells)-1]
		}
		p.row(cells, columns, 0)
		if i < maxSpans {
			p.Truncate(p.Len() - 1)
			p.WriteString("<td>")
			p.span(r)
			p.WriteByte('\n')
		}
		shown++
	}
	p.endTable()
	p.more(len(rows)-shown, "more, closer to their limits or within them")
}

// span draws a change against its limit.
func (p *page) span(r report.Row) {
	c := r.Comparison
	if c.Metric == gate.FailureRate || c.Status == gate.NotJudged || c.Limit == 0 {
		return
	}
	s := chart.Span{Change: c.Change, Low: c.Change, High: c.Change, Limit: c.Limit, Colour: colourOf(r)}
	if c.Interval != nil {
		s.Low, s.High = c.Interval.Low, c.Interval.High
	}
	p.svg(s.SVG())
}

func colourOf(r report.Row) chart.Colour {
	switch {
	case r.Improved:
		return chart.Green
	case r.Comparison.Status == gate.Worse:
		return chart.Red
	case r.Comparison.Status == gate.Within:
		return chart.Blue
	default:
		return chart.Orange
	}
}

// underLoad says which loads were compared, and shows the metrics under load of a verdict that has others too.
func (p *page) underLoad() {
	if p.told == nil || p.told.UnderLoad == "" {
		return
	}
	p.element("p", p.told.UnderLoad)
	var rows []report.Row
	for _, r := range p.told.Rows {
		if r.Comparison.Metric.IsUnderLoad() {
			rows = append(rows, r)
		}
	}
	if p.m.Report.Verdict.Mode != gate.UnderLoad && len(rows) > 0 {
		p.rows("Under full load, against idle", rows[:min(len(rows), maxMatter)], comparedUpTo)
		p.more(len(rows)-maxMatter, "more")
	}
}

// allRoutes lists every row of a verdict that the first table does not show.
func (p *page) allRoutes() {
	if p.told == nil || p.few() {
		return
	}
	p.rows("All figures, worst first", p.told.Rows, allRoutesUpTo)
	p.notCompared()
}
