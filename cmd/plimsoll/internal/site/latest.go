package site

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// latestSchema is the version of Latest's JSON form.
const latestSchema = 1

// Latest is the newest run of each group as data: latest.json.
type Latest struct {
	Schema int            `json:"schema"`
	Made   time.Time      `json:"made"`
	Tool   string         `json:"tool"`
	Series []LatestSeries `json:"series"` // the one with the newest run first
}

// LatestSeries is a group's newest run that is not excluded.
type LatestSeries struct {
	Series      string                    `json:"series"`
	Repository  string                    `json:"repository,omitempty"`
	Branch      string                    `json:"branch"`
	Page        string                    `json:"page"` // beside latest.json
	Runs        int                       `json:"runs"`
	Run         string                    `json:"run"`
	Commit      string                    `json:"commit,omitempty"`
	Report      string                    `json:"report,omitempty"`
	Started     time.Time                 `json:"started"`
	Environment string                    `json:"environment"` // its class
	Figures     map[string]result.Figures `json:"figures"`     // by route, "*" for all
	Cost        result.RequestCost        `json:"cost,omitzero"`
	MemoryBytes float64                   `json:"memory_bytes,omitempty"`
	Steps       []LatestStep              `json:"steps"` // the newest first
}

// LatestStep is a lasting change of a figure's level.
type LatestStep struct {
	Route    string    `json:"route"`
	Metric   string    `json:"metric"`
	Before   float64   `json:"before"` // in the unit of the metric: nanoseconds, requests a second, bytes
	After    float64   `json:"after"`
	Worse    bool      `json:"worse"`
	Accepted bool      `json:"accepted,omitempty"` // somebody has accepted this run or a later one
	Run      string    `json:"run"`                // the first on the new level
	Commit   string    `json:"commit,omitempty"`
	Since    time.Time `json:"since"`
}

// Latest is the newest runs as data.
func (h *History) Latest() Latest {
	latest := Latest{Schema: latestSchema, Made: h.Made.UTC(), Tool: h.Tool, Series: []LatestSeries{}}
	for _, g := range h.Groups {
		if s, ok := g.latest(); ok {
			latest.Series = append(latest.Series, s)
		}
	}
	return latest
}

// LatestJSON writes Latest.
func (h *History) LatestJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(h.Latest())
}

// counting returns the index of the newest run that is not excluded; -1 if there is none.
func (g *Group) counting() int {
	for i := range slices.Backward(g.Records) {
		if g.Records[i].Excluded == nil {
			return i
		}
	}
	return -1
}

// shown returns the run whose figures pages show first: the newest that is not excluded, else the newest.
func (g *Group) shown() int {
	if i := g.counting(); i >= 0 {
		return i
	}
	return len(g.Records) - 1
}

func (g *Group) latest() (LatestSeries, bool) {
	i := g.counting()
	if i < 0 {
		return LatestSeries{}, false
	}
	r := &g.Records[i]
	s := LatestSeries{
		Series: g.Series, Repository: g.Repository, Branch: g.Branch, Page: Dir + "/" + g.Slug + "/index.html", Runs: len(g.Records),
		Run: r.ID, Commit: r.Commit, Report: g.history.Report.of(r.Info, r.Summary.Identity), Started: r.Started, Environment: r.Environment,
		Figures: r.Summary.Figures, Cost: r.Summary.Cost, MemoryBytes: r.Summary.Memory(), Steps: []LatestStep{},
	}
	for n, m := range g.lines() {
		for _, step := range g.stepsOf(g.Routes[n], m) {
			first := &g.Records[step.Run]
			s.Steps = append(s.Steps, LatestStep{g.Routes[n].Name, m.Key, step.Before, step.After, step.Worse, g.acceptedSince(step.Run), first.ID, first.Commit, first.Started})
		}
	}
	slices.SortStableFunc(s.Steps, func(a, b LatestStep) int { return b.Since.Compare(a.Since) })
	s.Steps = s.Steps[:min(len(s.Steps), newestSteps)]
	return s, true
}

// acceptedSince reports whether somebody accepted a run or a later one, and so its level.
func (g *Group) acceptedSince(run int) bool {
	for i := range g.Records[run:] {
		if r := &g.Records[run+i]; r.Accepted != nil && r.Excluded == nil {
			return true
		}
	}
	return false
}

// recent is the maximum age of a step on a badge.
const recent = 30 * 24 * time.Hour

// badgeOf returns a badge's text for a group, and its colour. It shows the newest step to the worse that still stands and
// that nobody has accepted; else the p95 of the newest run.
func (g *Group) badgeOf() (text, colour string) {
	i := g.counting()
	if i < 0 {
		return "no runs", "#6b6b6b"
	}
	var worst *fall
	for _, f := range g.falls() {
		since := g.Records[f.Run].Started
		if !f.back && g.newest().Started.Sub(since) <= recent && (worst == nil || since.After(g.Records[worst.Run].Started)) {
			worst = &f
		}
	}
	if worst != nil {
		row := g.stepRow(worst.route, worst.Metric, worst.Step)
		return fmt.Sprintf("%s %s %s", brief(row.Route), row.Name, row.Change), "#b3261e"
	}
	for _, f := range g.figures(i, g.Routes[0].Name, routeMetrics()) {
		if f.Key == "p95" {
			return "p95 " + f.Text, "#1a7f37"
		}
	}
	panic("site: there is no p95")
}

// brief shortens a name to fit a badge.
func brief(text string) string {
	if runes := []rune(text); len(runes) > 32 {
		return string(runes[:31]) + "…"
	}
	return text
}

// Badge writes a group's badge as a picture: the newest figures, or a step to the worse.
func (g *Group) Badge(w io.Writer) error {
	text, colour := g.badgeOf()
	return badge(w, text, colour)
}

// Badge writes the badge of the group with the newest run.
func (h *History) Badge(w io.Writer) error {
	if len(h.Groups) == 0 {
		return badge(w, "no runs", "#6b6b6b")
	}
	return h.Groups[0].Badge(w)
}

// badge draws two texts side by side. textLength makes them fit whatever font a machine has.
func badge(w io.Writer, text, colour string) error {
	const label, perLetter, padding, height = "performance", 7, 6, 20
	left := len(label)*perLetter + 2*padding
	wide := utf8.RuneCountInString(text) * perLetter
	right := wide + 2*padding
	text = template.HTMLEscapeString(text)
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img" aria-label="%s: %s"><title>%[3]s: %[4]s</title>`+
		`<rect width="%[5]d" height="%[2]d" fill="#444c56"/><rect x="%[5]d" width="%[6]d" height="%[2]d" fill="%[7]s"/>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="%[8]d" y="14" textLength="%[9]d" lengthAdjust="spacingAndGlyphs">%[3]s</text>`+
		`<text x="%[10]d" y="14" textLength="%[11]d" lengthAdjust="spacingAndGlyphs">%[4]s</text></g></svg>`+"\n",
		left+right, height, label, text, left, right, colour, padding, left-2*padding, left+padding, wide)
	return err
}
