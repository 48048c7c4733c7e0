package report

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Told is a report in parts, as plain text, for forms that do their own layout, such as an HTML page. A part that the
// report lacks is empty.
type Told struct {
	Word     string // the outcome; error if nothing was judged
	Headline Words
	Accepted Words // by whom, when and why
	Load     Words // how the load has changed, in brief
	Loads    []string

	Header []string // of Rows
	Rows   []Row    // rows with figures, worst first
	Matter int      // the number of Rows that matter; they come first
	More   int      // rows that the verdict's file left out
	AsIs   string   // how many routes had no failed request

	Cause     string // what causes a regression
	UnderLoad string // which loads were compared
	Reasons   []string
	Settle    Words  // what would end the doubt
	Counts    Words  // of routes, by result; and the baseline
	Coverage  string // of the API
	Missing   Grid   // operations of the API that were not compared
	Notices   []string
	Stable    []string // how the readings of a soak went
	Unjudged  []string // what was not judged, and why
	Method    []Words  // the method, and how small a change it can see
	Accept    Words    // how to let the change pass
	Links     []Link
}

// Row is a comparison as text and as figures. Cells has a text for each column of the header.
type Row struct {
	Cells      []string
	Comparison *gate.Comparison
	Improved   bool
}

// Link is an address that is safe to show, with our own link text.
type Link struct{ Word, Address string }

// Grid is a table of plain texts.
type Grid struct {
	Columns string // a letter for each: l for text on the left, r for numbers on the right
	Header  []string
	Rows    [][]string
	Footer  []string
	More    int // rows that are left out
}

// Tell splits a report into its parts.
func (r Report) Tell() Told {
	if r.Verdict.Outcome == gate.Unjudged {
		return r.tellTrouble()
	}
	v := r.view()
	t := Told{
		Word: r.Verdict.Outcome.String(), Headline: wordsOf(v.headline(span)), Accepted: wordsOf(acceptedBy(r.Verdict.Accepted)),
		Load: wordsOf(loadChanged(r.Verdict.Changed, span)), Header: headerOf(r.Verdict.Mode), Matter: v.matter, More: r.LeftOut, AsIs: noFailures(r.Verdict),
		Cause: Cause(r.Verdict.Cause), UnderLoad: twoLoads(r.Verdict), Settle: wordsOf(settle(r.Verdict)), Counts: wordsOf(v.counts()),
		Coverage: coverageLine(r.Verdict.Coverage, func(text string) string { return text }), Missing: missingGrid(r.Verdict.Coverage),
		Stable: stable(r.Verdict.Stability), Unjudged: v.blank, Accept: wordsOf(r.howToAccept()), Links: r.Links.shown(),
	}
	if len(r.Verdict.Changed) > maxDifferences {
		t.Loads = atMost(differences(r.Verdict.Changed, plain), maxTerminal, "differences")
	}
	for _, i := range v.all {
		c := &r.Verdict.Comparisons[i]
		t.Rows = append(t.Rows, Row{Cells: row(*c, false), Comparison: c, Improved: improved(*c)})
	}
	if !v.only(gate.NoBaseline) {
		t.Reasons = sentencesOf(Once(r.Verdict.Reasons), maxSentences)
	}
	t.Notices = append(slices.Clone(v.let), shownSentences(r.Verdict.Notices, maxSentences)...)
	if text := working(r, plain); text != "" {
		t.Notices = append(t.Notices, text)
	}
	for _, line := range v.method() {
		t.Method = append(t.Method, wordsOf(line))
	}
	return t
}

// tellTrouble is Tell for an error in place of a verdict.
func (r Report) tellTrouble() Told {
	t := Told{Word: "error", Headline: Words{{Text: nothingJudged}}, Settle: Words{{Text: fixThis}}, Links: r.Links.shown()}
	var lines []string
	for line := range strings.Lines(r.trouble().Error()) {
		lines = append(lines, plain(line, maxSentence))
	}
	t.Reasons = ends(lines, maxTroubleLines)
	return t
}

// shown keeps the addresses that are safe to show.
func (l Links) shown() (all []Link) {
	for _, one := range []Link{{"Run log", l.Run}, {"History", l.History}, {"Docs", l.Docs}} {
		if link(one.Word, one.Address) != "" {
			all = append(all, one)
		}
	}
	return all
}

// maxMissingTold is the most operations of an API that are listed.
const maxMissingTold = 200

// missingGrid lists the operations of an API that were not compared.
func missingGrid(c *gate.Coverage) Grid {
	if c == nil {
		return Grid{}
	}
	g := Grid{Columns: "lll", Header: coverHeader, More: c.More}
	for i, one := range missingOf(c) {
		if i >= maxMissingTold {
			g.More++
			continue
		}
		g.Rows = append(g.Rows, coverRow(&one, plain))
	}
	return g
}

// RunTold is a run in parts, as plain text.
type RunTold struct {
	Problems  []string // why it is incomplete
	Sections  []Section
	Never     []string // planned routes that got no request
	Notes     []string
	Generator string // a line on the load generator
	Machine   string
	Stopped   string // what limits its throughput
	Absent    []string
	// The tables that Locust's users know, without rows if no round was measured.
	Requests, Percentiles Grid
}

// Section is a list of figures with a title.
type Section struct {
	Title string
	Lines []string
}

// TellRun splits a run into its parts.
func TellRun(r *result.Result, found Found) RunTold {
	t := RunTold{
		Never: neverRequested(r), Generator: generatorOf(r, plain), Machine: plain(r.Environment.Words(), maxSentence), Stopped: plain(found.Bottleneck, maxSentence),
	}
	for _, p := range r.Problems {
		t.Problems = append(t.Problems, plain(p.Text, maxSentence))
	}
	t.Problems = atMost(t.Problems, maxTroubleLines, "problems")
	for _, note := range append(besides(r.Tally.Total()), r.Notes...) {
		t.Notes = append(t.Notes, plain(note, maxSentence))
	}
	for _, s := range sections(r, found) {
		t.Sections = append(t.Sections, Section{s.title, s.lines})
	}
	if r.Watch != nil {
		for _, a := range r.Watch.Absent {
			t.Absent = append(t.Absent, name80(a.Source)+": "+plain(a.Why, maxSentence))
		}
		t.Absent = atMost(t.Absent, maxTroubleLines, "sources")
	}
	if len(r.Rounds) > 0 {
		t.Requests, t.Percentiles = gridOf(requestGrid(r)), gridOf(percentileGrid(r))
	}
	return t
}

func gridOf(g grid) Grid {
	return Grid{Columns: g.columns, Header: g.header, Rows: g.rows, Footer: g.footer}
}

// FoundBy is what a verdict and its run say together; see Found.
func FoundBy(v gate.Verdict, r *result.Result) Found {
	found := FoundIn(r)
	if v.Mode == gate.Soak {
		found.Stability = Stability(v.Stability, r.Length())
	}
	found.UnderLoad = UnderLoad(v)
	return found
}
