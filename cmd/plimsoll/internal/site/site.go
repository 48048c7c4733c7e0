// Package site makes web pages of a store's runs: the history that people look at.
//
// Build turns the records of a store into a History: a Group for each series, repository and branch, newest first. A
// method writes each page as HTML: Overview, Page for a group, and RoutePage for each of its routes. Chunk writes a month
// of a group's figures as a script, which the pages load for charts that people can zoom. Badge and Latest write the newest
// run as a picture and as JSON. Write puts all of it into a directory: a site that needs no server and works from file://
// too. `plimsoll serve` serves the same pages.
//
// Every page shows the same without scripts: its charts are SVG and its figures are tables. Scripts add zooming. Texts of
// runs, such as route names, may be hostile: they reach pages only through html/template, and chunks only as JSON.
//
// All but Write depend on their arguments alone, and equal histories give equal bytes. A History never changes after
// Build, so it is safe for concurrent use. Build cuts a history that is too large, and the pages say by how much.
package site

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Bounds of a History. The rest is left out, and the pages say so.
const (
	maxGroups = 100
	maxRoutes = 200       // of a group, those with the most requests
	maxCells  = 4_000_000 // runs times routes of a group: the oldest runs go
)

// Options hold what the pages show besides the runs.
type Options struct {
	Report Link              // of a run's report
	Commit Link              // of a run's commit
	Author map[string]string // by commit, where known
	Made   time.Time         // when the pages were made
	Tool   string            // version of the program
	More   bool              // the store has more runs than these
	Live   bool              // plimsoll serve serves the pages
	Filter Filter            // of live pages
}

// Filter is the filter of a request to plimsoll serve. The pages show it in a form, and links between pages keep it.
type Filter struct {
	Series, Repository, Branch, Environment string
	Runs                                    int
}

// History is the content of all pages.
type History struct {
	Options
	Groups  []*Group // the one with the newest run first
	Runs    int
	LeftOut int // groups that have no pages
}

// Build sorts records, in any order, into the groups of a history.
func Build(records []baseline.Record, o Options) *History {
	byKey := map[Key]*Group{}
	h := &History{Options: o, Runs: len(records)}
	for _, r := range records {
		k := KeyOf(&r.Info)
		g := byKey[k]
		if g == nil {
			g = &Group{Key: k, history: h}
			byKey[k], h.Groups = g, append(h.Groups, g)
		}
		g.Records = append(g.Records, r)
	}
	for _, g := range h.Groups {
		slices.SortFunc(g.Records, byTime)
	}
	slices.SortFunc(h.Groups, byName)
	slugOf := slugs(h.Groups, func(g *Group) string { return Slug(g.Series, g.Repository, g.Branch) })
	slices.SortStableFunc(h.Groups, func(a, b *Group) int { return b.newest().Started.Compare(a.newest().Started) })
	if len(h.Groups) > maxGroups {
		h.LeftOut = len(h.Groups) - maxGroups
		h.Groups = h.Groups[:maxGroups]
	}
	for _, g := range h.Groups {
		g.Slug = slugOf[g]
		g.complete()
	}
	return h
}

func byName(a, b *Group) int {
	return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Branch, b.Branch))
}

func byTime(a, b baseline.Record) int {
	return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
}

// Group finds a group by its Slug; nil if there is none.
func (h *History) Group(slug string) *Group {
	for _, g := range h.Groups {
		if g.Slug == slug {
			return g
		}
	}
	return nil
}

// Key names a group.
type Key struct{ Series, Repository, Branch string }

// KeyOf is the Key of the group of a run.
func KeyOf(info *baseline.Info) Key { return Key{info.Series, info.Repository, info.Branch} }

// Group is the runs of one series, repository and branch.
type Group struct {
	Key
	Slug         string            // its directory
	Records      []baseline.Record // oldest first
	Older        int               // runs that were left out
	Routes       []Route           // all together first, then in alphabetical order
	OtherRoutes  int               // that were left out
	Environments []string          // in words, the newest run's first

	environment []int // of each record, an index into Environments
	history     *History
	once        sync.Once          // guards found
	found       map[lineKey][]Step // of every line that has some
}

// Route is a route with its page.
type Route struct {
	Name string // tally.All for all together
	Slug string // its page is Slug.html
}

func newRoute(name string) Route {
	r := Route{Name: name}
	r.Slug = slug(r.text(), name)
	return r
}

// All reports whether this stands for all routes together.
func (r Route) All() bool { return r.Name == tally.All }

func (g *Group) newest() *baseline.Record { return &g.Records[len(g.Records)-1] }

// complete fills in the fields that it can compute from the records.
func (g *Group) complete() {
	requests := map[string]int64{}
	for i := range g.Records {
		for name, f := range g.Records[i].Summary.Figures {
			requests[name] += f.Requests
		}
	}
	names := make([]string, 0, len(requests))
	for name := range requests {
		if name != tally.All {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	slugOf := slugs(append([]string{tally.All}, names...), func(name string) string { return newRoute(name).Slug })
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(requests[b], requests[a]), cmp.Compare(a, b))
	})
	if len(names) > maxRoutes {
		g.OtherRoutes, names = len(names)-maxRoutes, names[:maxRoutes]
	}
	slices.Sort(names)
	for _, name := range append([]string{tally.All}, names...) {
		g.Routes = append(g.Routes, Route{name, slugOf[name]})
	}
	if most := max(maxCells/len(g.Routes), 1); len(g.Records) > most {
		g.Older = len(g.Records) - most
		g.Records = g.Records[g.Older:]
	}
	g.sortEnvironments()
}

// sortEnvironments numbers the classes of environment, from the newest run back.
func (g *Group) sortEnvironments() {
	places := map[string]int{}
	g.environment = make([]int, len(g.Records))
	for i := range slices.Backward(g.Records) {
		class := g.Records[i].Environment
		place, known := places[class]
		if !known {
			place = len(g.Environments)
			places[class], g.Environments = place, append(g.Environments, g.Records[i].Summary.Environment.Words())
		}
		g.environment[i] = place
	}
}

// Slug returns the Slug of a series' group for a repository and branch.
func Slug(series, repository, branch string) string {
	return slug(series+" "+branch, series, repository, branch)
}

// RoutePath returns the path of a route's page, relative to the overview.
func RoutePath(series, repository, branch, route string) string {
	return Dir + "/" + Slug(series, repository, branch) + "/" + newRoute(route).Slug + ".html"
}

// Route finds a route by its Slug.
func (g *Group) Route(slug string) (Route, bool) {
	at := slices.IndexFunc(g.Routes, func(r Route) bool { return r.Slug == slug })
	if at < 0 {
		return Route{}, false
	}
	return g.Routes[at], true
}
