//go:build real

package imports_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// tool is a program that make test-real has built.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../../../bin/tools/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: make test-real builds it", err)
	}
	return path
}

func TestRealHey(t *testing.T) {
	url, requests := server(t)
	dir := t.TempDir()
	run(t, dir, "hey.csv", tool(t, "hey"), "-n", "400", "-c", "4", "-o", "csv", url+"/items")
	counted(t, mustRead(t, "hey", filepath.Join(dir, "hey.csv")), requests)
	requests.Store(0)
	run(t, dir, "hey.txt", tool(t, "hey"), "-n", "400", "-c", "4", url+"/bad")
	r := mustRead(t, "hey", filepath.Join(dir, "hey.txt"))
	counted(t, r, requests)
	if f := r.Rounds[0].Total; f.P50 <= 0 || f.Failures != 400 {
		t.Errorf("got %+v", f)
	}
}

// k6Script sends requests of two routes. Every fifth is answered with 503.
const k6Script = `
import http from "k6/http";

export const options = {
  scenarios: { shop: { executor: "shared-iterations", vus: 3, iterations: 300, maxDuration: "60s" } },
  summaryTrendStats: ["avg", "min", "med", "max", "p(95)", "p(99)"],
  thresholds: { "http_req_duration{name:items}": ["max>=0"], "http_reqs{name:items}": ["count>0"], "http_req_failed{name:items}": ["rate>=0"] },
};

export default function () {
  http.get(__ENV.URL + "/items/" + __ITER, { tags: { name: "items" } });
  if (__ITER % 5 === 0) http.post(__ENV.URL + "/bad", "{}");
}

export function handleSummary(data) { return { "handled.json": JSON.stringify(data) }; }
`

// All that k6 writes about one run agrees: its lines, its CSV, both summaries, and what the server counted. Quantiles of
// the requests are those of k6's own summary, except that k6 interpolates between two requests.
func TestRealK6(t *testing.T) {
	url, requests := server(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script.js"), []byte(k6Script), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "", tool(t, "k6"), "run", "--no-usage-report", "--quiet", "-e", "URL="+url,
		"--out", "json=lines.json", "--out", "csv=table.csv", "--summary-export", "export.json", "--summary-time-unit", "us", "script.js")
	at := func(name string) string { return filepath.Join(dir, name) }
	lines, table := mustRead(t, "k6", at("lines.json")), mustRead(t, "k6", at("table.csv"))
	exported, handled := mustRead(t, "k6", at("export.json")), mustRead(t, "k6", at("handled.json"))
	sent := requests.Load()
	bad := lines.Tally.Routes["POST /bad"]
	if sent < 300 || bad == nil || bad.Failures() != sent-300 || bad.Requests() != sent-300 || lines.Target != url {
		t.Fatalf("the server counted %d requests, %+v of them bad, target %s", sent, bad, lines.Target)
	}
	for name, r := range map[string]*result.Result{"lines": lines, "table": table, "export": exported, "handled": handled} {
		if total := r.Tally.Total(); total.Requests() != sent || total.Failures() != sent-300 {
			t.Errorf("%s: %d requests, %d failed, want %d and %d", name, total.Requests(), total.Failures(), sent, sent-300)
		}
	}
	if got := exported.Tally.Routes["items"]; got == nil || got.Requests() != 300 || got.Failures() != 0 {
		t.Errorf("the summary has the routes %v", exported.Routes())
	}
	if exported.Rounds[0].Total != handled.Rounds[0].Total && exported.Rounds[0].Total.P95 != handled.Rounds[0].Total.P95 {
		t.Errorf("the summaries differ: %+v and %+v", exported.Rounds[0].Total, handled.Rounds[0].Total)
	}
	own := exported.Rounds[0].Total
	for q, theirs := range map[float64]time.Duration{0.5: own.P50, 0.95: own.P95, 0.99: own.P99} {
		for name, r := range map[string]*result.Result{"lines": lines, "table": table} {
			all, step := r.Tally.Total().Response, 1.5/float64(sent)
			low, high := all.Quantile(max(q-step, 0)), all.Quantile(min(q+step, 1))
			if float64(theirs) < 0.995*float64(low) || float64(theirs) > 1.005*float64(high) {
				t.Errorf("%s: p%g of k6 is %v, the requests have %v to %v", name, 100*q, theirs, low, high)
			}
		}
	}
	if told(lines) != told(table) {
		t.Errorf("the lines tell\n\t%s, the CSV\n\t%s", told(lines), told(table))
	}
}

func TestRealVegeta(t *testing.T) {
	url, requests := server(t)
	dir, vegeta := t.TempDir(), tool(t, "vegeta")
	shell := exec.Command("sh", "-c", fmt.Sprintf(
		`printf 'GET %s/items\nPOST %[1]s/bad\n' | %[2]s attack -rate 100 -duration 2s > r.bin && %[2]s encode < r.bin > r.json && %[2]s encode -to csv < r.bin > r.csv && %[2]s report -type=json < r.bin > report.json`, url, vegeta))
	shell.Dir = dir
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := ""
	for _, name := range []string{"r.bin", "r.json", "r.csv"} {
		r := mustRead(t, "vegeta", filepath.Join(dir, name))
		counted(t, r, requests)
		if want == "" {
			want = said(r)
		}
		if said(r) != want || len(r.Routes()) != 2 || r.Tally.Total().Failures() != 100 || r.Target != url {
			t.Errorf("%s: got %s of %s, want %s", name, said(r), r.Target, want)
		}
	}
	counted(t, mustRead(t, "vegeta", filepath.Join(dir, "report.json")), requests)
}
