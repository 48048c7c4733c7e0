// Package html renders a run and its verdict as one page: a file that is complete without a script, without a style sheet,
// without the network, on paper, in the dark and read aloud.
//
// Write takes a report.Material. The page answers a reader's questions in order: what is the verdict, which routes changed,
// at which percentiles, when, and why, and how much load it holds; then come all figures, and how they were measured. Any part of the material may be
// missing, and the page says so in its place. Sentences come from package report; those about drawings are in finding.go.
//
// Package report makes foreign text one harmless line, and doc escapes every text. Charts come from package chart. The page
// has at most maxPage bytes and draws at most maxDrawn routes. It says what was cut. Equal material gives equal bytes.
package html

import (
	"cmp"
	"fmt"
	"io"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
)

// page builds the body of a page.
type page struct {
	doc
	m        report.Material
	told     *report.Told         // nil without a verdict
	run      *report.RunTold      // nil without a run
	searched *report.CapacityTold // nil without a search for the highest load
	base     *rounds              // nil without a base
	head     *rounds              // nil without a run
	contents [][2]string          // ID and title of each section so far
}

// Write writes the page.
func Write(w io.Writer, m report.Material) error {
	p := newPage(m)
	for _, s := range []struct {
		id, title string
		fill      func()
	}{
		{"comparison", "Comparison", p.comparison},
		{"percentiles", "Response times by percentile", p.spectra},
		{"load", "Idle and under full load", p.underLoad},
		{"time", "Over time", p.overTime},
		{"system", "What it did, and what stops it", p.system},
		{"steps", "Throughput by load", p.loadSteps},
		{"capacity", "The highest load that it holds", p.capacity},
		{"routes", "All routes", p.allRoutes},
		{"requests", "Requests and percentiles", p.requests},
		{"errors", "Errors", p.errors},
		{"method", "How this was measured", p.method},
	} {
		p.section(s.id, s.title, s.fill)
	}
	var whole doc
	whole.begin(p.title())
	whole.WriteString("<main>\n")
	p.verdict(&whole)
	whole.WriteString(`<nav aria-label="Contents"><ul>`)
	for _, s := range p.contents {
		whole.WriteString("<li>")
		whole.element("a", s[1], "href", "#"+s[0])
	}
	whole.shut("ul", "nav")
	whole.Write(p.Bytes())
	whole.shut("main", "body", "html")
	_, err := w.Write(whole.Bytes())
	return err
}

func newPage(m report.Material) *page {
	p := &page{m: m}
	if m.Report != nil {
		told := m.Report.Tell()
		p.told = &told
	}
	if m.Run != nil {
		var v gate.Verdict
		if m.Report != nil {
			v = m.Report.Verdict
		}
		found := report.FoundBy(v, m.Run)
		run := report.TellRun(m.Run, found)
		p.run, p.head = &run, roundsOf(m.Run)
	}
	if m.Base != nil {
		p.base = roundsOf(m.Base)
	}
	if m.Capacity != nil {
		told := report.TellCapacity(*m.Capacity)
		p.searched = &told
	}
	return p
}

// begin writes the head. Jenkins and others refuse the style sheet; the policy of the file itself allows nothing else.
func (d *doc) begin(title string) {
	d.WriteString(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer">
`)
	d.element("title", title)
	d.WriteString("<style>" + style + chart.Style() + "</style></head>\n<body>\n")
}

// title is the title of the browser's window.
func (p *page) title() string {
	word := "run"
	switch {
	case p.told != nil:
		word = p.told.Word
	case p.onlySearched():
		word = "capacity"
	}
	if series := p.series(); series != "" {
		return word + ": " + series + " · Plimsoll"
	}
	return word + " · Plimsoll"
}

func (p *page) series() string {
	switch {
	case p.m.Report != nil && p.m.Report.Subject.Series != "":
		return report.Line80(p.m.Report.Subject.Series)
	case p.m.Run != nil:
		return report.Line80(p.m.Run.Series)
	case p.m.Capacity != nil:
		return report.Line80(p.m.Capacity.Series)
	}
	return ""
}

// section writes a section, and nothing if fill writes nothing.
func (p *page) section(id, title string, fill func()) {
	before := p.Len()
	p.open("section", "aria-labelledby", id)
	p.element("h2", title, "id", id)
	empty := p.Len()
	fill()
	if p.Len() == empty {
		p.Truncate(before)
		return
	}
	p.shut("section")
	p.contents = append(p.contents, [2]string{id, title})
}

// note is a sentence beside the figures, such as one about a part that is missing.
func (p *page) note(text string) { p.element("p", text, "class", "note") }

// verdict writes the first part, which everybody reads.
func (p *page) verdict(d *doc) {
	switch {
	case p.told != nil:
		d.verdictOf(p.told)
	case p.m.Run != nil:
		d.open("h1")
		d.text("Plimsoll: " + cmp.Or(p.series(), "a run") + " under load")
		d.shut("h1")
	case p.searched != nil:
		d.element("h1", "Plimsoll: the highest load that "+cmp.Or(p.series(), "a system")+" holds")
		d.claim(p.searched, p.m.Capacity.Outcome())
	default:
		d.element("h1", "Plimsoll: nothing to report")
		d.element("p", "There is neither a verdict nor a run.")
	}
	p.about(d)
	if p.told == nil && p.run != nil {
		p.summary(d)
	}
}

// openReasons is the most reasons that are not folded away.
const openReasons = 6

// verdictOf writes a verdict: the headline, why, and what would settle it.
func (d *doc) verdictOf(t *report.Told) {
	d.open("div", "class", "verdict "+t.Word)
	d.open("h1")
	d.text("Plimsoll: " + t.Word + ": ")
	d.words(t.Headline)
	d.shut("h1")
	d.line("", t.Accepted)
	d.line("The load has changed:", t.Load)
	d.list(t.Reasons[:min(len(t.Reasons), openReasons)])
	if more := len(t.Reasons) - openReasons; more > 0 {
		d.fold(fmt.Sprintf("%d more reasons", more))
		d.list(t.Reasons[openReasons:])
		d.shut("details")
	}
	d.line("What changed:", plainWords(t.Cause))
	d.line("What would settle it:", t.Settle)
	d.line("", t.Counts)
	d.line("", plainWords(t.Coverage))
	d.line("", t.Accept)
	if len(t.Links) > 0 {
		d.open("p")
		for i, l := range t.Links {
			if i > 0 {
				d.WriteString(" · ")
			}
			d.element("a", l.Word, "href", l.Address, "rel", "noopener noreferrer")
		}
		d.shut("p")
	}
	d.shut("div")
}

// about identifies the run in one line.
func (p *page) about(d *doc) {
	var parts []string
	add := func(text, foreign string) {
		if foreign = report.Line80(foreign); foreign != "" {
			parts = append(parts, text+foreign)
		}
	}
	switch {
	case p.m.Run != nil:
		r := p.m.Run
		add("", r.Series)
		add("", r.Repository)
		add("branch ", r.Branch)
		add("commit ", fmt.Sprintf("%.12s", r.Commit))
		add("target ", r.Target)
		add("", r.Started.UTC().Format("2006-01-02 15:04 UTC"))
	case p.m.Report != nil:
		s := p.m.Report.Subject
		add("", s.Series)
		add("", s.Repository)
		add("branch ", s.Branch)
		add("commit ", fmt.Sprintf("%.12s", s.Commit))
	case p.m.Capacity != nil:
		c := p.m.Capacity
		add("", c.Series)
		add("commit ", fmt.Sprintf("%.12s", c.Commit))
		add("target ", c.Target)
		if !c.Started.IsZero() {
			add("", c.Started.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	if len(parts) == 0 {
		return
	}
	d.open("p", "class", "about")
	for i, part := range parts {
		if i > 0 {
			d.WriteString(" · ")
		}
		d.text(part)
	}
	d.shut("p")
}

// noFigures is the sentence for a run without a round.
const noFigures = "There are no figures: no round was measured to its end."

// summary writes what a run did, in place of a verdict.
func (p *page) summary(d *doc) {
	if len(p.run.Problems) > 0 {
		d.open("div", "class", "verdict error")
		d.element("p", "This run is incomplete:")
		d.list(p.run.Problems)
		d.shut("div")
	}
	switch {
	case p.head.n() == 0:
		d.element("p", noFigures)
	case p.head.total.Requests() == 0:
		d.element("p", "No request was sent during the judged rounds.")
	}
	one := page{}
	for _, s := range p.run.Sections {
		if s.Title != report.UsageTitle {
			one.facts(s.Title, s.Lines)
		}
	}
	d.Write(one.Bytes())
}

// sides name what is compared, as the table's header does.
func (p *page) sides() (base, head string) {
	switch {
	case p.m.Report != nil && p.m.Report.Verdict.Mode == gate.Soak && p.m.Base == nil: // the run is the soak itself
	case p.told != nil && len(p.told.Header) > 3:
		return p.told.Header[2], p.told.Header[3]
	case p.m.Base != nil:
		return "Baseline", "This change"
	}
	return "Baseline", "This run"
}
