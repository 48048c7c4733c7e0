package site_test

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var shop = []string{"GET /items", "POST /orders"}

// Runs are sorted into groups, whatever their order, and equal histories give equal bytes.
func TestBuild(t *testing.T) {
	all := records(40, 24*time.Hour, shop, func(n int, r *baseline.Record) {
		if n%4 == 0 {
			r.Series, r.Started = "blog", r.Started.Add(-time.Hour)
		}
	})
	h := site.Build(all, options())
	if len(h.Groups) != 2 || h.Groups[0].Series != "shop" || len(h.Groups[0].Records) != 30 || len(h.Groups[1].Records) != 10 {
		t.Fatalf("got %d groups, the first is %+v", len(h.Groups), h.Groups[0])
	}
	g := h.Groups[0]
	if !slices.IsSortedFunc(g.Records, func(a, b baseline.Record) int { return a.Started.Compare(b.Started) }) {
		t.Error("the runs are not in the order of time")
	}
	if len(g.Routes) != 3 || g.Routes[0].Name != tally.All || g.Routes[1].Name != "GET /items" {
		t.Errorf("routes %+v", g.Routes)
	}
	if h.Group(g.Slug) != g || g.Slug != site.Slug("shop", "acme/shop", "main") || h.Group("none") != nil {
		t.Errorf("the slug %q does not find the group", g.Slug)
	}
	slices.Reverse(all)
	again := site.Build(all, options())
	for name, page := range map[string]func(*site.History) func(io.Writer) error{
		"overview": func(h *site.History) func(io.Writer) error { return h.Overview },
		"group":    func(h *site.History) func(io.Writer) error { return h.Groups[0].Page },
		"route": func(h *site.History) func(io.Writer) error {
			return func(w io.Writer) error { return h.Groups[0].RoutePage(w, h.Groups[0].Routes[1]) }
		},
		"latest": func(h *site.History) func(io.Writer) error { return h.LatestJSON },
		"badge":  func(h *site.History) func(io.Writer) error { return h.Badge },
	} {
		if one, two := text(t, page(h)), text(t, page(again)); one != two {
			t.Errorf("%s: the order of the records changes it", name)
		}
	}
}

// Pages say what was cut.
func TestBounds(t *testing.T) {
	var routes []string
	for i := range 250 {
		routes = append(routes, fmt.Sprintf("GET /%03d", i))
	}
	h := site.Build(records(3, time.Hour, routes), options())
	if g := h.Groups[0]; len(g.Routes) != 201 || g.OtherRoutes != 50 || !strings.Contains(text(t, g.Page), "50 routes with few requests are left out") {
		t.Errorf("%d routes, %d left out", len(g.Routes), g.OtherRoutes)
	}
	h = site.Build(records(150, time.Hour, nil, func(n int, r *baseline.Record) { r.Branch = fmt.Sprint("feature-", n) }), options())
	if len(h.Groups) != 100 || h.LeftOut != 50 || !strings.Contains(text(t, h.Overview), "50 more series are left out") || h.Groups[0].Branch != "feature-149" {
		t.Errorf("%d groups, %d left out", len(h.Groups), h.LeftOut)
	}
	o := options()
	o.More = true
	if h := site.Build(records(1, time.Hour, nil), o); !strings.Contains(text(t, h.Overview), "The store has more") {
		t.Error("the overview does not tell that the store has more")
	}
}

// Without any run there is a page that says what to do.
func TestEmpty(t *testing.T) {
	h := site.Build(nil, options())
	if got := text(t, h.Overview); !strings.Contains(got, "plimsoll baseline update") {
		t.Errorf("the overview says\n%s", got)
	}
	if got := text(t, h.Badge); !strings.Contains(got, "no runs") {
		t.Errorf("the badge says\n%s", got)
	}
	if got := text(t, h.LatestJSON); !strings.Contains(got, `"series": []`) {
		t.Errorf("latest.json says\n%s", got)
	}
}

// A step is found at the right run and shown with its commit and author. Excluded runs and another machine make no step.
func TestSteps(t *testing.T) {
	o := options()
	all := records(60, 24*time.Hour, shop, slower(30, "POST /orders", 1.28), func(n int, r *baseline.Record) {
		if n >= 45 && n < 55 { // another machine, which is twice as fast
			r.Environment, r.Summary.Environment.CPUCores = "large", 8
			for route, f := range r.Summary.Figures {
				f.P50, f.P95, f.P99 = f.P50/2, f.P95/2, f.P99/2
				r.Summary.Figures[route] = f
			}
		}
		if n == 20 {
			f := r.Summary.Figures["POST /orders"]
			f.P95 *= 50
			f.P99 *= 50
			r.Summary.Figures["POST /orders"] = f
			r.Excluded = &baseline.Mark{By: "ana", Why: "the disk was full", At: began}
		}
	})
	o.Author = map[string]string{all[30].Commit: "Grace Hopper"}
	g := site.Build(all, o).Groups[0]
	page := text(t, g.Page)
	for _, want := range []string{"▲ worse: p95 &#43;2", "by <bdi>Grace Hopper</bdi>", "https://example.com/acme/shop/commit/" + all[30].Commit, "2026-02-04", "excluded by ana on 2026-01-05: the disk was full", "cores 8", "cores 2"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, `<li><a href=`); n != 1 {
		t.Errorf("%d steps are told, want 1:\n%s", n, page)
	}
	var latest site.Latest
	if err := json.Unmarshal([]byte(text(t, site.Build(all, o).LatestJSON)), &latest); err != nil {
		t.Fatal(err)
	}
	steps := latest.Series[0].Steps
	if len(steps) != 1 || steps[0].Route != "POST /orders" || steps[0].Metric != "p95" || !steps[0].Worse || steps[0].Commit != all[30].Commit || steps[0].Accepted {
		t.Errorf("steps %+v", steps)
	}
	if ratio := steps[0].After / steps[0].Before; ratio < 1.25 || ratio > 1.3 {
		t.Errorf("the step is of %g, want about 1.28", ratio)
	}
}

// Noise alone has no steps, and neither has a step under 5 %.
func TestNoSteps(t *testing.T) {
	g := site.Build(records(200, time.Hour, shop, slower(100, "GET /items", 1.03)), options()).Groups[0]
	if page := text(t, g.Page); !strings.Contains(page, "No figure went to another level") {
		t.Errorf("noise has steps:\n%s", page)
	}
}

// The badge tells the newest step to the worse until somebody accepts it.
func TestBadge(t *testing.T) {
	worse := []change{slower(30, "POST /orders", 1.35)}
	if got := text(t, site.Build(records(45, 24*time.Hour, shop, worse...), options()).Badge); !strings.Contains(got, "POST /orders p95 +3") || !strings.Contains(got, "#b3261e") {
		t.Errorf("after a step the badge says\n%s", got)
	}
	accepted := func(n int, r *baseline.Record) {
		if n == 31 {
			r.Accepted = &baseline.Mark{By: "ana", Why: "taxes", At: began}
		}
	}
	if got := text(t, site.Build(records(45, 24*time.Hour, shop, append(worse, accepted)...), options()).Badge); !strings.Contains(got, "p95 2") || strings.Contains(got, "+3") {
		t.Errorf("after an acceptance the badge says\n%s", got)
	}
	if got := text(t, site.Build(records(90, 24*time.Hour, shop, worse...), options()).Badge); strings.Contains(got, "+3") {
		t.Errorf("after two months the badge says\n%s", got)
	}
}

// latest.json is the newest run that counts.
func TestLatest(t *testing.T) {
	o := options()
	o.Report = "https://ci.example.com/runs/{ci_run}"
	all := records(5, time.Hour, shop, func(n int, r *baseline.Record) {
		if n == 4 {
			r.Excluded = &baseline.Mark{By: "ana", Why: "noise", At: began}
		}
	})
	got := site.Build(all, o).Latest()
	if len(got.Series) != 1 {
		t.Fatalf("got %+v", got)
	}
	s := got.Series[0]
	if s.Run != all[3].ID || s.Report != "https://ci.example.com/runs/503" || s.Figures["GET /items"] != all[3].Summary.Figures["GET /items"] || s.MemoryBytes != 4e8 || s.Runs != 5 {
		t.Errorf("got %+v", s)
	}
}

// Rows of older programs have no spread, no cost and no memory; routes come and go. The page says what is missing.
func TestMissingFigures(t *testing.T) {
	all := records(20, time.Hour, shop, func(n int, r *baseline.Record) {
		r.Summary.Spread, r.Summary.Cost, r.Summary.Readings = nil, result.RequestCost{}, nil
		if n%2 == 0 {
			delete(r.Summary.Figures, "POST /orders")
		}
		if n == 7 {
			r.Summary.Figures["POST /orders"] = result.Figures{}
		}
	})
	g := site.Build(all, options()).Groups[0]
	page := routePage(t, g, "POST /orders")
	for _, want := range []string{"No run has: CPU time for a request; instructions for a request; memory of the system; costs and memory are counted when Plimsoll starts the system itself", "–"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "NaN") || strings.Contains(chunks(t, g), "NaN") {
		t.Error("a page or a chunk has NaN")
	}
}

// One run of one round has a page too.
func TestOneRun(t *testing.T) {
	g := site.Build(records(1, time.Hour, shop, func(_ int, r *baseline.Record) { r.Summary.Spread = nil }), options()).Groups[0]
	for _, r := range g.Routes {
		if page := routePage(t, g, r.Name); !strings.Contains(page, "1 run.") || !strings.Contains(page, "<svg") || strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
			t.Errorf("%s:\n%s", r.Name, page)
		}
	}
}

func TestLink(t *testing.T) {
	for link, want := range map[site.Link]string{
		"":                               "",
		"https://x.example/{id}.html":    "",
		"reports/{commit}.html":          "",
		"javascript:alert(1)":            "neither http nor https",
		"data:text/html,{id}":            "neither http nor https",
		"https:///{id}":                  "no host",
		"https://me:pw@x.example/{id}":   "password",
		"https://x.example/{password}":   "no address",
		"https://x.example/{id} {id}":    "no address",
		"https://x.example/%zz":          "no address",
		"file:///etc/passwd":             "neither http nor https",
		"https://{repository}.example/x": "lets a run decide",
		"https://x.example{branch}/x":    "lets a run decide",
		"{branch}":                       "lets a run decide",
		"//{branch}/x":                   "lets a run decide",
	} {
		err := link.Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", link, err, want)
		}
	}
}
