package html_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	page "github.com/plimsoll-ci/plimsoll/gate/report/html"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	pages  = flag.String("pages", "", "a directory to write pages to, to look at them")
)

// render is the page of a material.
func render(t testing.TB, m report.Material) string {
	t.Helper()
	var b strings.Builder
	if err := page.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// materials are those of the golden outlines.
func materials() map[string]report.Material {
	shape := reporttest.Shape{Routes: 3, Rounds: 12, Requests: 60, Seed: 3}
	slower := shape
	slower.Slower, slower.Failing = 0.6, 0.1
	run := reporttest.Run(shape)
	slow := reporttest.Pair(slower)
	trouble := report.Unjudged(fmt.Errorf("the system ended\nits log says why"), gate.Paired, slow.Report.Subject)
	return map[string]report.Material{
		"fail":         slow,
		"pass":         reporttest.Pair(shape),
		"under-load":   reporttest.UnderLoad(slower),
		"both":         alsoUnderLoad(reporttest.Pair(shape), reporttest.UnderLoad(slower)),
		"verdict-only": {Report: slow.Report},
		"history":      {Report: slow.Report, Run: slow.Run},
		"trouble":      {Report: &trouble},
		"run":          {Run: run},
		"compact":      {Run: run.Compact()},
		"imported":     {Run: imported(run)},
		"one-round":    {Run: oneRound(run)},
		"no-round":     {Run: noRound(run)},
		"no-request":   {Run: reporttest.Run(reporttest.Shape{Rounds: 3})},
		"steps":        {Run: steps(run)},
		"capacity":     {Capacity: reporttest.Capacity(reporttest.Confirmed)},
		"by-users":     {Run: run, Capacity: reporttest.Capacity(reporttest.ByUsers)},
		"nothing-held": {Capacity: reporttest.Capacity(reporttest.NothingHolds)},
		"cut-short":    {Capacity: reporttest.Capacity(reporttest.CutShort)},
		"overtaxed":    {Capacity: reporttest.Capacity(reporttest.Overtaxed)},
		"empty":        {},
	}
}

// alsoUnderLoad is a change that was judged under load too.
func alsoUnderLoad(m, under report.Material) report.Material {
	r := m.Report.With(under.Report.Verdict)
	m.Report = &r
	return m
}

// imported is a run as another tool recorded it: figures, and no histograms.
func imported(r *result.Result) *result.Result {
	c := *r.Compact()
	c.Watch = nil
	c.Tally = reporttest.WithoutHistograms(r.Tally)
	return &c
}

func oneRound(r *result.Result) *result.Result {
	c := *r
	c.Rounds, c.PlannedRounds, c.Tally, c.Timeline = r.Rounds[:1], 1, *r.Rounds[0].Tally, r.Timeline[:20]
	return &c
}

// noRound is a run that ended in its first round.
func noRound(r *result.Result) *result.Result {
	c := *r
	c.Rounds, c.Tally, c.Timeline, c.Watch = nil, reporttest.WithoutHistograms(r.Tally), nil, nil
	c.Tally.Routes = nil
	c.Problems = []result.Problem{{Kind: result.TargetDied, Text: "the system under test ended"}}
	return &c
}

// steps is a run whose load grows.
func steps(r *result.Result) *result.Result {
	c := *r
	c.Rounds = slices.Clone(r.Rounds)
	for i := range c.Rounds {
		c.Rounds[i].Readings = map[string]float64{"generator.users": float64(10 * (1 + i/3))}
	}
	return &c
}

// TestOutline checks the parts of each page and their order, and what the page says is missing.
func TestOutline(t *testing.T) {
	for name, m := range materials() {
		path := filepath.Join("testdata", name+".txt")
		got := outline(t, render(t, m))
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

// TestPages writes pages for people to look at: `make screenshot` takes pictures of them.
func TestPages(t *testing.T) {
	if *pages == "" {
		t.Skip("-pages names no directory")
	}
	all := materials()
	all["14-routes"] = reporttest.Pair(reporttest.Shape{Routes: 14, Rounds: 24, Requests: 150, Slower: 0.5, Failing: 0.03, Seed: 1})
	all["14-routes-run"] = report.Material{Run: reporttest.Run(reporttest.Shape{Routes: 14, Rounds: 30, Requests: 100, Failing: 0.01, Seed: 1})}
	all["report"] = reporttest.Pair(reporttest.Shape{Routes: 14, Rounds: 24, Requests: 150, Slower: 0.5, Seed: 1})
	all["1-route"] = reporttest.Pair(reporttest.Shape{Routes: 1, Rounds: 12, Requests: 500, Slower: 0.5, Seed: 1})
	all["1000-routes"] = reporttest.Pair(reporttest.Shape{Routes: 1000, Rounds: 8, Requests: 25, Slower: 0.5, Seed: 1})
	all["hostile"] = reporttest.Laced(strings.Join(reporttest.Names(), " "))[0]
	for name, m := range all {
		if err := os.WriteFile(filepath.Join(*pages, name+".html"), []byte(render(t, m)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// outline has a line for each heading, table, drawing and paragraph of a page.
func outline(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	walk(parse(t, text), func(n *html.Node) bool {
		if n.Type != html.ElementNode {
			return true
		}
		switch n.Data {
		case "title", "h1", "h2", "h3", "p", "li", "summary":
			if n.Data == "title" && n.Parent.Data != "head" {
				return false
			}
			fmt.Fprintf(&b, "%s: %s\n", n.Data, words(n))
			return false
		case "nav", "style":
			return false
		case "table":
			caption, rows := "", 0
			walk(n, func(in *html.Node) bool {
				switch {
				case in.Data == "caption":
					caption = words(in)
				case in.Data == "tr" && in.Parent.Data != "thead":
					rows++
				}
				return true
			})
			fmt.Fprintf(&b, "table: %s: %d rows\n", caption, rows)
			return false
		case "figure":
			fmt.Fprintf(&b, "figure: %s\n", figure(n))
			return false
		}
		return true
	})
	return b.String()
}

// figure is what a figure shows and tells.
func figure(n *html.Node) string {
	var parts []string
	walk(n, func(in *html.Node) bool {
		switch in.Data {
		case "figcaption", "desc":
			parts = append(parts, words(in))
			return false
		}
		return true
	})
	return strings.Join(parts, " | ")
}

func parse(t testing.TB, text string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// walk calls visit for each node; its children follow if it returns true.
func walk(n *html.Node, visit func(*html.Node) bool) {
	if !visit(n) {
		return
	}
	for child := range n.ChildNodes() {
		walk(child, visit)
	}
}

// words is the text of a node.
func words(n *html.Node) string {
	var b strings.Builder
	walk(n, func(in *html.Node) bool {
		if in.Type == html.TextNode {
			b.WriteString(in.Data)
		}
		return true
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// allowed are all elements of a page, with their attributes.
var allowed = map[string][]string{
	"html": {"lang"}, "head": nil, "body": nil, "meta": {"charset", "name", "content", "http-equiv"}, "title": nil, "style": nil,
	"main": nil, "nav": {"aria-label"}, "section": {"aria-labelledby"}, "h1": nil, "h2": {"id"}, "h3": {"class"}, "p": {"class"}, "div": {"class", "role", "tabindex", "aria-label"},
	"span": {"aria-hidden"}, "a": {"href", "rel"}, "ul": nil, "li": nil, "strong": nil, "code": nil, "details": nil, "summary": nil, "figure": nil, "figcaption": nil,
	"table": {"class"}, "caption": nil, "thead": nil, "tbody": nil, "tfoot": nil, "tr": nil, "th": {"scope", "align"}, "td": {"align", "colspan"},
	"svg":  {"width", "height", "font-family", "font-size", "fill", "aria-hidden", "role", "x", "y", "viewBox", "preserveAspectRatio", "overflow"},
	"desc": nil, "path": {"d", "fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "fill-opacity", "vector-effect", "class", "shape-rendering"},
	"text":   {"x", "y", "text-anchor", "stroke", "stroke-width", "stroke-linejoin", "paint-order"},
	"circle": {"cx", "cy", "r", "class", "fill", "stroke", "stroke-width"},
}

// sound fails the test if a page holds anything that only a foreign text could have put there.
func sound(t *testing.T, text string, links []report.Link) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && (unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r))
	}) {
		t.Errorf("characters that are not to be shown: %.200q", text)
	}
	ids := map[string]bool{}
	walk(parse(t, text), func(n *html.Node) bool {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("a comment: %q", n.Data)
		case html.ElementNode:
			names, ok := allowed[n.Data]
			if !ok {
				t.Errorf("an element <%s>", n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(names, a.Key) {
					t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
				}
				switch known := slices.ContainsFunc(links, func(l report.Link) bool { return l.Address == a.Val }); {
				case a.Key == "id" && ids[a.Val]:
					t.Errorf("two elements have the ID %q", a.Val)
				case a.Key == "id":
					ids[a.Val] = true
				case a.Key == "href" && !known && !strings.HasPrefix(a.Val, "#"):
					t.Errorf("a link to %q", a.Val)
				}
			}
		}
		return true
	})
}

// skeleton is the elements of a page with the names of their attributes, without texts and figures.
func skeleton(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	walk(parse(t, text), func(n *html.Node) bool {
		if n.Type == html.ElementNode {
			b.WriteString(n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteByte('\n')
		}
		return n.Data != "svg" // drawings depend on figures; sound looks into them
	})
	return b.String()
}

// Names from outside stay texts: they change nothing else on any kind of page.
func TestHostileNames(t *testing.T) {
	var want []string
	for _, m := range reporttest.Laced("az") {
		want = append(want, skeleton(t, render(t, m)))
	}
	for _, name := range reporttest.Names() {
		for i, m := range reporttest.Laced("a" + name + "z") {
			text := render(t, m)
			sound(t, text, nil)
			if got := skeleton(t, text); got != want[i] {
				t.Errorf("%.80q changes page %d: %s", name, i, firstDifference(got, want[i]))
			}
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, want %q", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// Names are shown, and the check for foreign text can fail.
func TestNamesAreShown(t *testing.T) {
	text := render(t, reporttest.Laced("a<b>&\"c\"")[0])
	if !strings.Contains(text, "a&lt;b&gt;&amp;&#34;c&#34;") {
		t.Error("the name is not shown as it is")
	}
	bad := skeleton(t, strings.ReplaceAll(text, "a&lt;b&gt;", "a<b>"))
	if bad == skeleton(t, text) {
		t.Error("a name that became an element is not seen")
	}
}

// Without its style sheet a page keeps its colours and sizes: they are attributes, and there is no style attribute.
func TestWholeWithoutStyle(t *testing.T) {
	text := render(t, materials()["fail"])
	if strings.Contains(text, "style=") || strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.Contains(text, "<link") {
		t.Error("it depends on a style, a script or another file")
	}
	for part := range strings.SplitSeq(text, "<") {
		if strings.HasPrefix(part, "path ") && !strings.Contains(part, "fill=") && !strings.Contains(part, "stroke=") {
			t.Errorf("a path without a colour of its own: %.80s", part)
		}
	}
	for _, want := range []string{`<meta name="color-scheme" content="light dark">`, `content="default-src &#39;none&#39;`} {
		if !strings.Contains(text, want) && !strings.Contains(text, strings.ReplaceAll(want, "&#39;", "'")) {
			t.Errorf("it lacks %s", want)
		}
	}
}

// No sentence stands twice on a page outside of tables, drawings and folds.
func TestNothingTwice(t *testing.T) {
	for name, m := range materials() {
		seen := map[string]bool{}
		walk(parse(t, render(t, m)), func(n *html.Node) bool {
			switch n.Data {
			case "svg", "table", "details", "nav", "head":
				return false
			case "p", "li", "h1", "h2":
				text := words(n)
				if seen[text] && len(text) > 20 && !strings.Contains(text, "slower from") && !strings.Contains(text, "difference") {
					t.Errorf("%s says twice: %s", name, text)
				}
				seen[text] = true
			}
			return true
		})
	}
}
