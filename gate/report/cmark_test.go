package report_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// rendered renders markdown as GitHub does, by the library that GitHub made for it.
func rendered(t *testing.T, text string) *html.Node {
	t.Helper()
	path, err := exec.LookPath("cmark-gfm")
	if err != nil {
		t.Fatal("cmark-gfm is not there; `make programs` installs it")
	}
	command := exec.Command(path, "--unsafe", "-e", "footnotes", "-e", "table", "-e", "autolink", "-e", "tagfilter", "-e", "strikethrough", "-e", "tasklist")
	command.Stdin = strings.NewReader(text)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := html.Parse(bytes.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// elements are all HTML elements that our markdown may become, with their attributes.
var elements = map[string][]string{
	"html": nil, "head": nil, "body": nil, "h3": nil, "h4": nil, "p": nil, "strong": nil, "ul": nil, "li": nil,
	"table": nil, "thead": nil, "tbody": nil, "tr": nil, "th": {"align"}, "td": {"align"},
	"details": nil, "summary": nil, "pre": nil, "code": {"class"}, "a": {"href"},
}

// found is what a page holds.
type found struct {
	tables  [][]int // the cells of each row of each table
	details int
	links   []string
	code    []string // texts of code spans and blocks
}

// look walks a page and fails the test on any other element or attribute.
func look(t *testing.T, n *html.Node, f *found, inCode bool) {
	t.Helper()
	switch n.Type {
	case html.ElementNode:
		allowed, known := elements[n.Data]
		if !known {
			t.Errorf("there is an element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(allowed, a.Key) || a.Key == "class" && a.Val != "language-text" || a.Key == "align" && a.Val != "left" && a.Val != "right" {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if a.Key == "href" {
				f.links = append(f.links, a.Val)
			}
		}
		switch n.Data {
		case "table":
			f.tables = append(f.tables, nil)
		case "tr":
			last := &f.tables[len(f.tables)-1]
			*last = append(*last, 0)
		case "th", "td":
			last := f.tables[len(f.tables)-1]
			last[len(last)-1]++
		case "details":
			f.details++
		case "code":
			inCode = true
			if n.FirstChild != nil {
				f.code = append(f.code, n.FirstChild.Data)
			}
		}
	case html.TextNode:
		if !inCode && foreign.MatchString(n.Data) {
			t.Errorf("outside of code stands %q", n.Data)
		}
	case html.CommentNode:
		t.Errorf("there is a comment %q", n.Data)
	}
	for child := range n.ChildNodes() {
		look(t, child, f, inCode)
	}
}

// The golden comments become folds, and tables of seven columns with all their rows.
func TestGoldenRendered(t *testing.T) {
	for name, want := range map[string]struct {
		rows    []int // of each table, with its header
		details int
		links   int
	}{
		"pass.md": {[]int{13}, 2, 2}, "coverage.md": {[]int{6, 16}, 3, 2}, "low-coverage.md": {[]int{6, 16}, 3, 2}, "fail.md": {[]int{4, 17}, 2, 2}, "accepted.md": {[]int{4, 17}, 2, 2}, "changed.md": {[]int{3}, 3, 2}, "works-more.md": {[]int{2, 3}, 2, 2}, "under-load.md": {[]int{2, 5}, 3, 2}, "accepted-in-doubt.md": {[]int{4, 17}, 2, 2}, "new-failures.md": {[]int{2, 3}, 2, 2}, "noisy.md": {[]int{2, 3}, 3, 2}, "looks-worse.md": {[]int{2, 3}, 2, 2},
		"too-few-runs.md": {nil, 2, 2}, "no-baseline.md": {nil, 1, 2}, "other-profile.md": {nil, 1, 2}, "other-environment.md": {nil, 1, 2}, "not-whole.md": {nil, 1, 2}, "trouble.md": {nil, 0, 2}, "capacity.md": {[]int{15}, 0, 0},
		"ending.summary.md": {[]int{8}, 0, 0}, "fail.summary.md": {[]int{4, 17}, 0, 2}, "noisy.summary.md": {[]int{2, 3}, 1, 2},
	} {
		var f found
		look(t, rendered(t, readGolden(t, name)), &f, false)
		if f.details != want.details || len(f.links) != want.links || len(f.tables) != len(want.rows) {
			t.Errorf("%s: %d folds, %d links and %d tables, want %+v", name, f.details, len(f.links), len(f.tables), want)
			continue
		}
		for i, rows := range f.tables {
			columns := 7
			if strings.HasSuffix(name, ".summary.md") && i == len(f.tables)-1 {
				columns = 8
			}
			if name == "capacity.md" { // with two limits
				columns = 9
			}
			if strings.HasSuffix(name, "coverage.md") && i == 0 { // of the API
				columns = 3
			}
			if len(rows) != want.rows[i] || slices.ContainsFunc(rows, func(n int) bool { return n != columns }) {
				t.Errorf("%s: table %d has rows of %v cells, want %d of %d", name, i+1, rows, want.rows[i], columns)
			}
		}
	}
	goldens, err := filepath.Glob("testdata/*.md")
	if err != nil || len(goldens) != 22 {
		t.Errorf("there are %d goldens, %v", len(goldens), err)
	}
}

// Names that came from outside stay names when they are rendered, and change nothing else.
func TestHostileNamesRendered(t *testing.T) {
	for _, write := range writers {
		var all, plain strings.Builder
		for _, r := range lacedKinds("a" + tracer) {
			plain.WriteString(strings.Repeat(render(t, write, r)+"\n", len(hostileNames)))
		}
		for _, name := range hostileNames {
			for _, r := range lacedKinds("a" + tracer + name) {
				all.WriteString(render(t, write, r) + "\n")
			}
		}
		var got, want found
		look(t, rendered(t, all.String()), &got, false)
		look(t, rendered(t, plain.String()), &want, false)
		if len(got.links) > 0 {
			t.Errorf("there are links to %q", got.links)
		}
		if got.details != want.details || !slices.EqualFunc(got.tables, want.tables, slices.Equal) || len(got.code) != len(want.code) {
			t.Errorf("%d folds, %d tables and %d codes, want %d, %d and %d", got.details, len(got.tables), len(got.code), want.details, len(want.tables), len(want.code))
		}
		if text := strings.Join(got.code, "\n"); !strings.Contains(text, `a`+tracer+`a\|b`) || !strings.Contains(text, `a`+tracer+`<img src=x onerror=alert(1)>`) || !strings.Contains(text, "a"+tracer+"a`b``c") {
			t.Error("names are not shown as they are")
		}
	}
}

// A comment that was cut for length is still sound markdown.
func TestCutRendered(t *testing.T) {
	for _, limit := range []int{1_500, 2_500, 4_000, 8_000, 20_000, maxComment} {
		for _, name := range []string{"x", "`|<b>`", strings.Repeat("`", 100)} {
			var b strings.Builder
			r := many(2_000, name)
			if err := report.Markdown(&b, r, limit); err != nil {
				t.Fatal(err)
			}
			var f found
			look(t, rendered(t, b.String()), &f, false)
			for _, rows := range f.tables {
				if slices.ContainsFunc(rows, func(n int) bool { return n != 7 }) {
					t.Errorf("%d bytes: rows of %v cells", limit, rows)
				}
			}
			if len(f.links) != 2 {
				t.Errorf("%d bytes: links %q", limit, f.links)
			}
		}
	}
}
