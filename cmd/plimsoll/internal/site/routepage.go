package site

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// section is a metric on the page of a route.
type section struct {
	Key, Name, Unit, Newest string
	System, Higher          bool
	Still                   template.HTML
	StepData                string // JSON: run, before, after, 1 if it is worse
	Steps                   []stepRow
	Empty                   bool
}

// monthRow holds the medians of a month's runs.
type monthRow struct {
	Name    string
	Runs    int
	Figures []figure
}

// RoutePage writes the page of a route: a chart of each metric, its steps, and the newest runs as a table.
func (g *Group) RoutePage(w io.Writer, r Route) error {
	page := struct {
		Head
		Series, Branch, Name     string
		Index, Runs, NewestRuns  int
		Environments             []environment
		EnvironmentData, MonthAt string
		Sections                 []section
		Newest                   []runRow
		Months                   []monthRow
		Columns                  []string
		ReportAt, CommitAt       string
		Several                  bool // environments
	}{
		Head: g.history.head(r.text()+" · "+g.Series, "../../", "../files/"), Series: plain(g.Series), Branch: plain(g.Branch), Name: plain(r.text()),
		Index: slices.Index(g.Routes, r), Runs: len(g.Records), NewestRuns: newestRuns, Environments: g.environments(), Several: len(g.Environments) > 1, ReportAt: g.history.Report.ofGroup(g), CommitAt: g.history.Commit.ofGroup(g),
	}
	words := []string{}
	for _, e := range page.Environments {
		words = append(words, e.Words)
	}
	var present []Metric
	for _, m := range metrics() {
		section := g.section(r, m)
		page.Sections = append(page.Sections, section)
		if !section.Empty {
			present, page.Columns = append(present, m), append(page.Columns, m.Name)
		}
	}
	months := [][3]any{}
	for _, m := range g.Months() {
		months = append(months, [3]any{m.Name, m.from, m.to - m.from})
		page.Months = append(page.Months, g.monthRow(r, m, present))
	}
	slices.Reverse(page.Months)
	page.EnvironmentData, page.MonthAt = asJSON(words), asJSON(months)
	for i := len(g.Records) - 1; i >= max(0, len(g.Records)-newestRuns); i-- {
		row := g.runRow(i)
		row.Figures = g.figures(i, r.Name, present)
		page.Newest = append(page.Newest, row)
	}
	return render(w, "route.html", page)
}

func (g *Group) section(r Route, m Metric) section {
	l := g.line(r.Name, m)
	s := section{Key: m.Key, Name: m.Name, Unit: m.Unit, System: m.System, Higher: m.Higher, Empty: l.empty(), Newest: m.text(l.Values[len(l.Values)-1]), StepData: "[]"}
	if s.Empty {
		return s
	}
	steps := g.stepsOf(r, m)
	data := [][4]any{}
	for _, step := range steps {
		data = append(data, [4]any{step.Run, step.Before, step.After, step.Worse})
	}
	s.StepData = asJSON(data)
	for _, step := range slices.Backward(steps) {
		if len(s.Steps) == newestSteps {
			break
		}
		s.Steps = append(s.Steps, g.stepRow(r, m, step))
	}
	there := present(l.Values)
	if m.Unit == "share" && slices.Max(there) == 0 {
		s.Newest = "none in any run"
		return s
	}
	s.Still = g.still(l, steps, fmt.Sprintf("%s of %s in %d runs: %s to %s, newest %s; %d steps", m.Name, plain(r.text()), len(there),
		m.text(slices.Min(there)), m.text(slices.Max(there)), s.Newest, len(steps)))
	return s
}

// monthRow takes the medians of a month, without excluded runs.
func (g *Group) monthRow(r Route, m Month, of []Metric) monthRow {
	row := monthRow{Name: m.Name, Runs: m.to - m.from}
	for _, metric := range of {
		l := g.part(r.Name, metric, m.from, m.to)
		var values []float64
		for i, v := range l.Values {
			if !math.IsNaN(v) && g.Records[m.from+i].Excluded == nil {
				values = append(values, v)
			}
		}
		row.Figures = append(row.Figures, figure{metric.Key, metric.text(stats.Median(values))})
	}
	return row
}
