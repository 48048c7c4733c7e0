//go:build real

package site_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// seen is what Chromium and axe-core found on a page.
type seen struct {
	Console    []string // errors and warnings
	Requests   []string // to anything but the site
	Dialogs    []string
	Violations []string // of axe-core, in light and in dark
	Overflow   []int    // widths at which the page is wider than the window
	Charts     int      // that the script has drawn
	Told       string   // of the run before the newest, by the keyboard
	Zoomed     bool     // by the keyboard
	Without    int      // drawings without scripts
	Printed    int      // drawings on paper
}

// Chromium finds nothing wrong with the pages of a site on the disk, with names of all kinds.
func TestRealChromium(t *testing.T) {
	all := records(400, 12*time.Hour, slices.Concat([]string{"GET /items"}, hostileNames(), reporttest.Names()[1:]), slower(250, "GET /items", 1.4), func(n int, r *baseline.Record) {
		if n > 300 {
			r.Environment, r.Summary.Environment.CPUCores = "large", 8
		}
		if n == 100 || n == 399 {
			r.Excluded = &baseline.Mark{By: hostileNames()[n%7], Why: strings.Join(hostileNames(), " ")[:500], At: began}
		}
		if n == 255 {
			r.Accepted = &baseline.Mark{By: "ana", Why: "taxes", At: began}
		}
	})
	dir := t.TempDir()
	h := site.Build(all, options())
	if _, err := h.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	place := func(names ...string) string {
		return (&url.URL{Scheme: "file", Path: filepath.Join(append([]string{dir}, names...)...)}).String()
	}
	urls := []string{place("index.html"), place("history", h.Groups[0].Slug, "index.html")}
	for _, r := range h.Groups[0].Routes[:3] {
		urls = append(urls, place("history", h.Groups[0].Slug, r.Slug+".html"))
	}
	found := look(t, urls)
	for i, u := range urls {
		one := found[u]
		if n := len(one.Console) + len(one.Requests) + len(one.Dialogs) + len(one.Violations) + len(one.Overflow); n > 0 {
			t.Errorf("%s: %+v", u, one)
		}
		if one.Without == 0 || one.Printed == 0 {
			t.Errorf("%s: without scripts %d drawings, on paper %d", u, one.Without, one.Printed)
		}
		if i >= 2 && (one.Charts < 4 || !strings.Contains(one.Told, "p50") || !strings.Contains(one.Told, fmt.Sprintf("%010x", 1_000_398)) || !one.Zoomed) {
			t.Errorf("%s: %d charts, told %q, zoomed %v", u, one.Charts, one.Told, one.Zoomed)
		}
	}
}

// look looks at pages. With PICTURES it puts pictures of them there.
func look(t *testing.T, urls []string) (found map[string]seen) {
	t.Helper()
	args := []string{"testdata/look.mjs"}
	if dir := os.Getenv("PICTURES"); dir != "" {
		args = append(args, "--pictures", dir)
	}
	command := exec.CommandContext(t.Context(), "node", append(args, urls...)...)
	command.Env = peers.Browser(t)
	decode(t, command, &found)
	return found
}

// decode reads the JSON that a command writes.
func decode(t *testing.T, command *exec.Cmd, into any) {
	t.Helper()
	var problems strings.Builder
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
