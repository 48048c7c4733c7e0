package html

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// system says what the system used, and what limits its throughput.
func (p *page) system() {
	if p.run == nil || len(p.run.Sections) == 0 {
		return
	}
	p.open("div", "class", "pair")
	for _, s := range p.run.Sections {
		if p.told != nil || s.Title == report.UsageTitle {
			p.facts(s.Title, s.Lines)
		}
	}
	p.shut("div")
	p.evidence()
	if p.told != nil && len(p.told.Stable) > 0 {
		p.element("h3", "How the soak went")
		p.list(p.told.Stable)
	}
}

// requests are the tables that Locust's users know.
func (p *page) requests() {
	if p.run == nil {
		return
	}
	if p.head.n() == 0 {
		if p.told != nil {
			p.note(noFigures)
		}
		return
	}
	p.table(table{caption: "Requests of the judged rounds; times in milliseconds", Grid: p.run.Requests, head: 1, upTo: requestsUpTo})
	p.table(table{caption: "Response time percentiles (ms)", Grid: p.run.Percentiles, head: 1, upTo: percentsUpTo})
	if len(p.run.Never) > 0 {
		p.element("p", "Never requested:")
		p.list(p.run.Never)
	}
}

// maxErrors is the most kinds of errors that are listed.
const maxErrors = 50

// errors lists how requests failed.
func (p *page) errors() {
	if p.m.Run == nil {
		return
	}
	failed := report.FailedOf(p.m.Run)
	if len(failed) == 0 {
		if p.head.total.Requests() > 0 {
			p.element("p", "No request failed.")
		}
		return
	}
	g := report.Grid{Columns: "llrrr", Header: []string{"Error", "Route", "Requests", "First seen", "Last seen"}, More: max(0, len(failed)-maxErrors)}
	for _, f := range failed[:min(len(failed), maxErrors)] {
		g.Rows = append(g.Rows, []string{f.How, f.Route, report.Thousands(f.Count), since(f.First), since(f.Last)})
	}
	p.table(table{caption: "Failed requests by error, the most frequent first; times count from the beginning of the load", Grid: g, upTo: errorsUpTo})
}

// since is a time since the load began.
func since(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// method describes the measurement, and what is missing.
func (p *page) method() {
	if p.told != nil && len(p.told.Method) > 0 {
		p.open("ul")
		for _, words := range p.told.Method {
			p.WriteString("<li>")
			p.words(words)
		}
		p.shut("ul")
	}
	if p.told != nil {
		p.list(p.told.Notices)
	}
	switch {
	case p.onlySearched():
	case p.run == nil && (p.told == nil || p.m.Report.Verdict.Outcome == gate.Unjudged):
	case p.run == nil:
		p.note("This page was made of a verdict alone: response times by percentile, the course of the run, the system and the errors are in the run's result, which was not given.")
	case p.told == nil:
		p.facts("The machine and the load generator", []string{"machine: " + p.run.Machine, "load generator: " + p.run.Generator, "run: " + p.m.Run.ShortID() + " with plimsoll " + report.Line80(p.m.Run.Tool)})
	}
	if p.run != nil {
		p.list(p.run.Notes)
		if len(p.run.Absent) > 0 {
			p.element("h3", "Not read")
			p.list(p.run.Absent)
		}
	}
	p.howSearched()
}
