package site_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var pages = flag.String("pages", "", "a directory to write sites to, to look at them")

// TestPages writes sites for people to look at. It also writes history.html, the page of a route that `make screenshot`
// takes a picture of.
func TestPages(t *testing.T) {
	if *pages == "" {
		t.Skip("-pages names no directory")
	}
	others := records(60, 24*time.Hour, reporttest.Shop(2), func(n int, r *baseline.Record) {
		r.ID, r.Series, r.Repository, r.Branch = "f"+r.ID[1:], "search", "acme/search", "release"
	})
	lively := append(records(400, 12*time.Hour, reporttest.Shop(14), slower(250, "POST /orders", 1.4), func(n int, r *baseline.Record) {
		r.Commit = fmt.Sprintf("%x", sha256.Sum256([]byte(r.ID)))[:40]
		r.Summary.Environment = result.Environment{OS: "linux", Arch: "amd64", CPUModel: "Example CPU @ 2.0 GHz", CPUCores: 2, MemoryGiB: 8}
		if n >= 330 {
			r.Environment, r.Summary.Environment.CPUCores, r.Summary.Environment.MemoryGiB = "large", 8, 32
		}
		switch n {
		case 180:
			r.Excluded = &baseline.Mark{By: "ana", Why: "the runner was out of memory", At: r.Started}
		case 258:
			r.Accepted = &baseline.Mark{By: "ana", Why: "taxes are computed with each order now", At: r.Started}
		}
	}), others...)
	for name, all := range map[string][]baseline.Record{
		"site": lively, "1-route": records(12, 24*time.Hour, reporttest.Shop(1)), "1000-routes": records(30, 24*time.Hour, reporttest.Shop(1000)),
		"1-run": records(1, 24*time.Hour, reporttest.Shop(3)), "nothing": nil,
	} {
		if _, err := site.Build(all, options()).Write(t.Context(), filepath.Join(*pages, name)); err != nil {
			t.Fatal(err)
		}
	}
	at := path.Join("site", site.RoutePath("shop", "acme/shop", "main", "POST /orders"))
	text, err := os.ReadFile(filepath.Join(*pages, filepath.FromSlash(at)))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(*pages, "history.html"), strings.Replace(string(text), "<head>", `<head><base href="`+path.Dir(at)+`/">`, 1))
}
