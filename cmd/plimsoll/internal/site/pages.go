package site

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

//go:embed files
var files embed.FS

// Dir is the directory of all pages but the overview.
const Dir = "history"

// Limits on the tables of a page. The charts show everything.
const (
	newestRuns  = 20
	newestSteps = 50
	newestMarks = 50
)

// Head holds the beginning of every page; the templates need it exported.
type Head struct {
	Title string
	Root  string // path to the overview: ../../ on a group's page
	Files string // path to the files that all pages share
	Live  bool
	Made  string
	Tool  string
	// For live pages: the request's filter, the part that links to other pages keep, and links to more or fewer runs.
	Filter  Filter
	Query   template.URL
	Choices []choice
}

// choice is a number of runs to show.
type choice struct {
	Runs  int
	Query template.URL
}

func (h *History) head(title, root, shared string) Head {
	head := Head{Title: plain(title), Root: root, Files: shared, Live: h.Live, Made: minute(h.Made), Tool: plain(h.Tool), Filter: h.Filter}
	if h.Live {
		head.Query = asked(h.Filter.Environment, h.Filter.Runs)
		for _, n := range []int{200, 1_000, 5_000} {
			head.Choices = append(head.Choices, choice{n, asked(h.Filter.Environment, n)})
		}
	}
	return head
}

// asked returns the query of an address for an environment and a number of runs; empty for neither.
func asked(class string, runs int) template.URL {
	values := url.Values{}
	if class != "" {
		values.Set("environment", class)
	}
	if runs > 0 {
		values.Set("runs", strconv.Itoa(runs))
	}
	if len(values) == 0 {
		return ""
	}
	return template.URL("?" + values.Encode()) //nolint:gosec // it is encoded
}

// figure is a value as text, or a chart of it.
type figure struct {
	Key, Text string
}

// stepRow is a step in words.
type stepRow struct {
	Route, RouteSlug, Key, Name string
	Before, After, Change       string
	Worse                       bool
	When                        string
	Run                         runRow
	Profile                     bool // the profile changed in that run
	started                     time.Time
}

// runRow is a run in words.
type runRow struct {
	ID, When, Commit, CommitAt, Author, ReportAt, Environment, Before string
	Colour                                                            int
	Accepted, Excluded                                                string
	Figures                                                           []figure
}

func (g *Group) runRow(i int) runRow {
	r := &g.Records[i]
	row := runRow{
		ID: fmt.Sprintf("%.12s", r.ID), When: minute(r.Started), Commit: plain(fmt.Sprintf("%.12s", r.Commit)), CommitAt: g.history.Commit.of(r.Info, r.Summary.Identity),
		Author: plain(g.history.Author[r.Commit]), ReportAt: g.history.Report.of(r.Info, r.Summary.Identity),
		Environment: plain(g.Environments[g.environment[i]]), Colour: colour(g.environment[i]),
	}
	row.Accepted, row.Excluded = marked(r.Accepted), marked(r.Excluded)
	if i > 0 {
		row.Before = plain(fmt.Sprintf("%.12s", g.Records[i-1].Commit))
	}
	return row
}

func marked(m *baseline.Mark) string {
	if m == nil {
		return ""
	}
	return fmt.Sprintf("by %s on %s: %s", plain(m.By), day(m.At), plain(m.Why))
}

func (g *Group) stepRow(route Route, m Metric, s Step) stepRow {
	return stepRow{
		Route: plain(route.text()), RouteSlug: route.Slug, Key: m.Key, Name: m.Name, Before: m.text(s.Before), After: m.text(s.After), Change: change(s.Before, s.After),
		Worse: s.Worse, When: day(g.Records[s.Run].Started), Run: g.runRow(s.Run), started: g.Records[s.Run].Started,
		Profile: s.Run > 0 && g.Records[s.Run].ProfileDigest != g.Records[s.Run-1].ProfileDigest,
	}
}

// text is the route's name in a sentence.
func (r Route) text() string {
	if r.All() {
		return "all routes"
	}
	return r.Name
}

// overviewRow is a group in the overview.
type overviewRow struct {
	Series, Repository, Branch, Slug, When, Search string
	Runs                                           int
	Spark                                          template.HTML
	Figures                                        []figure
	Step                                           *stepRow
}

// Overview writes the page of all groups.
func (h *History) Overview(w io.Writer) error {
	page := struct {
		Head
		Groups        []overviewRow
		Columns       []string
		Runs, LeftOut int
		More          bool
	}{Head: h.head("Performance history", "", Dir+"/files/"), Runs: h.Runs, LeftOut: h.LeftOut, More: h.More}
	for _, g := range h.Groups {
		row := overviewRow{
			Series: plain(g.Series), Repository: plain(g.Repository), Branch: plain(g.Branch), Slug: g.Slug, When: minute(g.newest().Started), Runs: len(g.Records),
			Search: plain(g.Series + " " + g.Repository + " " + g.Branch), Spark: g.sparkOf(tally.All),
		}
		row.Figures = g.figures(g.shown(), tally.All, overviewMetrics())
		for _, s := range g.allSteps() {
			if row.Step == nil || s.started.After(row.Step.started) {
				row.Step = &s
			}
		}
		page.Groups = append(page.Groups, row)
	}
	for _, m := range overviewMetrics() {
		page.Columns = append(page.Columns, m.Name)
	}
	return render(w, "overview.html", page)
}

// overviewMetrics lists the columns of the overview. Instructions are only on route pages.
func overviewMetrics() []Metric {
	return slices.DeleteFunc(metrics(), func(m Metric) bool { return m.Unit == "count" })
}

// routeMetrics are those that belong to a route.
func routeMetrics() []Metric {
	return slices.DeleteFunc(metrics(), func(m Metric) bool { return m.System })
}

// sparkOf draws the p95 of a route.
func (g *Group) sparkOf(route string) template.HTML {
	m := metrics()[slices.IndexFunc(metrics(), func(m Metric) bool { return m.Key == "p95" })]
	l := g.part(route, m, max(0, len(g.Records)-10*sparkPoints), len(g.Records))
	for i := range l.Values {
		if g.Records[len(g.Records)-len(l.Values)+i].Excluded != nil {
			l.Values[i] = math.NaN()
		}
	}
	there := present(l.Values)
	if len(there) == 0 {
		return absent
	}
	low, high := slices.Min(there), slices.Max(there)
	return spark(l, fmt.Sprintf("p95 of the newest %d runs: %s to %s, newest %s", len(there), m.text(low), m.text(high), m.text(there[len(there)-1])))
}

// figures are metrics of one run.
func (g *Group) figures(run int, route string, of []Metric) []figure {
	var all []figure
	for _, m := range of {
		v, _, _ := m.of(&g.Records[run].Summary, route)
		all = append(all, figure{m.Key, m.text(v)})
	}
	return all
}

// routeRow is a route in the table of a group.
type routeRow struct {
	Name, Slug, Search string
	Spark              template.HTML
	Figures            []figure
	Step               *stepRow
}

// Page writes a group's page: its routes, its steps, and what people wrote about its runs.
func (g *Group) Page(w io.Writer) error {
	page := struct {
		Head
		Series, Repository, Branch, First, Last string
		Runs, Older, OtherRoutes, OtherSteps    int
		Environments                            []environment
		Columns                                 []string
		Routes                                  []routeRow
		Steps                                   []stepRow
		Marks                                   []runRow
	}{
		Head: g.history.head(g.Series, "../../", "../files/"), Series: plain(g.Series), Repository: plain(g.Repository), Branch: plain(g.Branch),
		First: minute(g.Records[0].Started), Last: minute(g.newest().Started), Runs: len(g.Records), Older: g.Older, OtherRoutes: g.OtherRoutes,
		Environments: g.environments(), Steps: g.allSteps(), Marks: g.marks(),
	}
	newest := map[string]*stepRow{}
	for i := range page.Steps {
		if s := &page.Steps[i]; newest[s.RouteSlug] == nil {
			newest[s.RouteSlug] = s
		}
	}
	if len(page.Steps) > newestSteps {
		page.OtherSteps, page.Steps = len(page.Steps)-newestSteps, page.Steps[:newestSteps]
	}
	for _, m := range routeMetrics() {
		page.Columns = append(page.Columns, m.Name)
	}
	for _, r := range g.Routes {
		page.Routes = append(page.Routes, routeRow{plain(r.text()), r.Slug, plain(r.text()), g.sparkOf(r.Name), g.figures(g.shown(), r.Name, routeMetrics()), newest[r.Slug]})
	}
	return render(w, "group.html", page)
}

// environment is a class of environment with its colour.
type environment struct {
	Words  string
	Colour int
	Fill   string
	Runs   int
	Query  template.URL // selects this one alone
}

func (g *Group) environments() []environment {
	var all []environment
	for i, words := range g.Environments {
		all = append(all, environment{Words: plain(words), Colour: colour(i), Fill: palette[colour(i)]})
	}
	for n, i := range g.environment {
		all[i].Runs++
		all[i].Query = asked(g.Records[n].Environment, g.history.Filter.Runs)
	}
	return all
}

// marks lists the marked runs, newest first.
func (g *Group) marks() []runRow {
	var all []runRow
	for i := range slices.Backward(g.Records) {
		if r := &g.Records[i]; r.Accepted != nil || r.Excluded != nil {
			if all = append(all, g.runRow(i)); len(all) == newestMarks {
				break
			}
		}
	}
	return all
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("site: " + err.Error()) // texts and finite numbers
	}
	return string(text)
}

// render executes a template from files, with the parts that all templates share.
func render(w io.Writer, name string, page any) error {
	t, err := template.ParseFS(files, "files/parts.html", "files/"+name)
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, page)
}
