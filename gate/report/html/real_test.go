//go:build real

package html_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// seen is what Chromium and axe-core found on a page.
type seen struct {
	Console    []string // errors and warnings
	Requests   []string // to anything but the page itself
	Dialogs    []string
	Violations []string // of axe-core, in light and in dark
	Overflow   []int    // widths at which the page is wider than the window
	Cut        []string // texts of drawings that leave them
	Unseen     []string // lines of drawings without a colour
	Drawings   int
}

// jenkins is the policy that Jenkins serves archived files with by default.
const jenkins = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"

// Chromium finds nothing wrong with pages of all kinds: no error, no request, no dialog, nothing that axe-core objects to,
// nothing wider than a small window, no label that is cut. Under Jenkins' policy every line keeps its colour.
func TestRealChromium(t *testing.T) {
	all := materials()
	all["14 routes"] = reporttest.Pair(reporttest.Shape{Routes: 14, Rounds: 24, Requests: 80, Slower: 0.5, Failing: 0.03, Seed: 1})
	var names []string
	for k, name := range reporttest.Names() {
		names = append(names, fmt.Sprint(k, name)) // routes have names of their own
		if strings.ContainsAny(name, "<:\"'\u202e\x00") && len(name) < 100 {
			all[fmt.Sprint("laced ", k)] = reporttest.Laced("a" + name)[0]
		}
	}
	all["crowd"] = reporttest.Crowd(names)
	pages := map[string]string{}
	for name, m := range all {
		pages["/"+strings.ReplaceAll(name, " ", "-")] = render(t, m)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.URL.Query().Has("jenkins") {
			w.Header().Set("Content-Security-Policy", jenkins)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	for path, one := range look(t, server.URL, pages) {
		if n := len(one.Console) + len(one.Requests) + len(one.Dialogs) + len(one.Violations) + len(one.Overflow) + len(one.Cut) + len(one.Unseen); n > 0 {
			t.Errorf("%s: %+v", path, one)
		}
	}
}

// look opens each page with Chromium.
func look(t *testing.T, address string, pages map[string]string) map[string]seen {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", "testdata/look.mjs", address)
	for path := range pages {
		command.Args = append(command.Args, path)
	}
	command.Env = peers.Browser(t)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("look: %v\n%s", err, output)
	}
	var all map[string]seen
	if err := json.Unmarshal(output, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(pages) {
		t.Fatalf("%d pages were looked at, want %d", len(all), len(pages))
	}
	for path, text := range pages {
		if want := strings.Count(text, `role="img"`); all[path].Drawings != want {
			t.Errorf("%s: Chromium shows %d drawings, want %d", path, all[path].Drawings, want)
		}
	}
	return all
}
