package site_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
)

// hostileNames are attacks by a name on a page, a script and a path.
func hostileNames() []string {
	return []string{
		"<img src=x onerror=alert(1)>", "</title></script><script>alert(1)</script>", "\"'><svg onload=alert(1)>", "' onmouseover='alert(1)", "{{.}}", "${alert(1)}", "`${alert(1)}`", "javascript:alert(1)", "\\\"};alert(1);//",
		"../../etc/passwd", "..", "/", "a/b", "CON", "<!--", "]]>", "-->", "&lt;b&gt;", "\u202ekcatta", "a\u2066b\u2069", "zero\u200bwidth\ufeff", "\u2028\u2029", "__proto__", "constructor", "👩‍💻", strings.Repeat("long", 100), strings.Repeat("界", 160),
	}
}

// allowed are the attributes that our own pages have.
const allowed = " lang charset name content rel href src defer class id role aria-label aria-labelledby aria-hidden tabindex scope type hidden width height viewbox d fill stroke stroke-width stroke-opacity stroke-linecap stroke-dasharray cx cy r x y text-anchor font-size font-family" +
	" data-filter data-text data-is data-route data-months data-environments data-report data-commit data-metric data-name data-unit data-system data-steps "

// No text of a run becomes an element, an attribute, a script or a path, or changes the direction of writing.
func TestHostileNames(t *testing.T) {
	for _, name := range append(hostileNames(), reporttest.Names()...) {
		o := options()
		o.Report = "https://ci.example.com/{series}/{branch}/{commit}"
		o.Author = map[string]string{}
		all := records(40, 24*time.Hour, []string{name}, slower(20, name, 1.5), func(i int, r *baseline.Record) {
			r.Series, r.Repository, r.Branch, r.Commit = name, name, name, fmt.Sprint(name, i)
			r.Summary.Environment.CPUModel, r.Summary.CIRun = name, name
			o.Author[r.Commit] = name
			if i%10 == 0 {
				r.Accepted = &baseline.Mark{By: name, Why: name, At: began}
				r.Excluded = &baseline.Mark{By: name, Why: name, At: began}
			}
		})
		h := site.Build(all, o)
		g := h.Groups[0]
		pages := []string{text(t, h.Overview), text(t, g.Page), routePage(t, g, name), text(t, g.Badge)}
		for _, page := range pages {
			check(t, name, page)
		}
		for _, slug := range []string{g.Slug, g.Routes[1].Slug} {
			if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(slug) > 50 || strings.HasPrefix(slug, "-") {
				t.Errorf("%q has the slug %q", name, slug)
			}
		}
		for _, m := range g.Months() { // a script, and nothing but a call
			chunk := chunkOf(t, g, m)
			text, ends := strings.CutSuffix(strings.TrimPrefix(chunk, fmt.Sprintf("plimsollMonth(%q,", m.Name)), ")\n")
			if !ends || !json.Valid([]byte(text)) || strings.ContainsAny(text, "\u2028\u2029\n") {
				t.Errorf("%q: a chunk is not a call with JSON:\n%s", name, chunk)
			}
		}
	}
}

// check reads a page as a browser does.
func check(t *testing.T, name, page string) {
	t.Helper()
	if strings.ContainsFunc(page, func(r rune) bool {
		return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\u200b'
	}) {
		t.Errorf("%q: the page has characters that nobody sees", name)
	}
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Errorf("%q: %v", name, z.Err())
			}
			return
		case html.CommentToken:
			t.Errorf("%q: a comment: %s", name, z.Raw())
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if strings.Contains(" img iframe object embed base style ", " "+token.Data+" ") || token.Data == "script" && (len(token.Attr) != 2 || token.Attr[0].Key != "src") {
				t.Errorf("%q: an element: %s", name, token)
			}
			for _, a := range token.Attr {
				if !strings.Contains(allowed+" xmlns textlength lengthadjust ", " "+strings.ToLower(a.Key)+" ") {
					t.Errorf("%q: an attribute: %s", name, token)
				}
				if (a.Key == "href" || a.Key == "src") && (strings.Contains(strings.ToLower(a.Val), "javascript:") || strings.HasPrefix(a.Val, "//") || strings.Contains("/"+strings.TrimLeft(a.Val, "./")+"/", "/../")) {
					t.Errorf("%q: an address: %s", name, a.Val)
				}
			}
		}
	}
}
