//go:build real

package site_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// browser fakes the parts of a browser that history.js needs: the elements of a page with one chart, the loading of chunks,
// and a uPlot that records its data.
const browser = `
var drawn = {}, devicePixelRatio = 1, location = { search: "" };
function element(dataset) {
  return {
    dataset: dataset || {}, classList: { add: function () {} }, style: {}, clientWidth: 800, hidden: false,
    setAttribute: function () {}, removeAttribute: function () {}, addEventListener: function () {}, append: function () {}, replaceChildren: function () {},
    querySelector: function () { return null; },
  };
}
var charts = CHARTS.map(element), main = element(MAIN);
var document = {
  documentElement: element(), head: { append: function (script) { (0, eval)(CHUNKS[script.src]); script.onload(); } },
  querySelector: function (what) { return main; },
  querySelectorAll: function (what) { return what.startsWith(".chart") ? charts : []; },
  getElementById: element, createElement: element,
};
function getComputedStyle() { return { getPropertyValue: function () { return "#000"; } }; }
function matchMedia() { return element(); }
function ResizeObserver() { this.observe = function () {}; }
function uPlot(options, data) { drawn[at++] = { data: data, options: options }; this.scales = { x: {} }; this.setScale = function () {}; }
var at = 0, window = globalThis;
`

// The script of the pages unpacks what Go has packed: three digits of every value, and bands of about their width.
func TestRealUnpacking(t *testing.T) {
	values := []time.Duration{1, 999, 1_000, 1_234_567, 9_994_999, 9_996_000, 10 * time.Millisecond, 59 * time.Minute, 72 * time.Hour}
	all := records(len(values)+2, 20*24*time.Hour, []string{"GET /a"}, func(n int, r *baseline.Record) {
		f := r.Summary.Figures["GET /a"]
		switch {
		case n < len(values):
			f.P50 = values[n]
			f.Throughput = float64(n)
			r.Summary.Spread["GET /a"] = result.Spread{P50: result.Quartiles{Lower: 900, Upper: 1_060}}
		case n == len(values):
			f = result.Figures{}
		default:
			delete(r.Summary.Figures, "GET /a")
			return
		}
		r.Summary.Figures["GET /a"] = f
		if n%3 == 0 {
			r.Environment, r.Summary.Environment.CPUCores = "large", 8
		}
		if n == 4 {
			r.Excluded = &baseline.Mark{By: "a\u2028\"</script>", Why: "b", At: began}
		}
	})
	g := site.Build(all, options()).Groups[0]
	drawn := unpacked(t, g, 1, "p50", "throughput", "failures")
	for i := range all {
		f, there := all[i].Summary.Figures["GET /a"]
		there = there && f.Requests > 0
		want := map[int]float64{0: float64(f.P50), 1: f.Throughput, 2: 0}
		for chart, want := range want {
			got := math.NaN()
			for _, series := range drawn[chart].Data[1:] {
				if v := series[i]; v != nil {
					if !math.IsNaN(got) {
						t.Errorf("run %d is drawn twice", i)
					}
					got = *v
				}
			}
			switch {
			case chart == 2:
			case !there && !math.IsNaN(got):
				t.Errorf("run %d of chart %d: got %g, want none", i, chart, got)
			case there && !(math.Abs(got-want) <= 0.005*want):
				t.Errorf("run %d of chart %d: got %g, want %g", i, chart, got, want)
			}
		}
		if got := *drawn[0].Data[0][i]; got != float64(all[i].Started.Unix()) {
			t.Errorf("run %d began at %g, want %d", i, got, all[i].Started.Unix())
		}
	}
}

// plotted is what the script gave to uPlot: the times, the values in each environment, those of excluded runs.
type plotted struct{ Data [][]*float64 }

// unpacked runs the script of the pages over the chunks of a group, in Node.
func unpacked(t *testing.T, g *site.Group, route int, metrics ...string) (drawn []plotted) {
	t.Helper()
	var charts []map[string]string
	for _, m := range metrics {
		unit := map[string]string{"failures": "share", "throughput": "rate"}[m]
		charts = append(charts, map[string]string{"metric": m, "name": m, "unit": unit, "system": "false", "steps": "[]"})
	}
	page := map[string]string{"route": fmt.Sprint(route), "environments": asJSON(t, g.Environments)}
	scripts := map[string]string{}
	months, first := [][3]any{}, 0
	for _, m := range g.Months() {
		n := 0
		for _, r := range g.Records {
			if r.Started.UTC().Format("2006-01") == m.Name {
				n++
			}
		}
		months = append(months, [3]any{m.Name, first, n})
		first += n
		scripts["data/"+m.Name+".js"] = chunkOf(t, g, m)
	}
	page["months"] = asJSON(t, months)
	script, err := os.ReadFile("files/history.js")
	if err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf("var CHARTS = %s, MAIN = %s, CHUNKS = %s;\n%s\n%s\nconsole.log(JSON.stringify(charts.map(function (_, i) { return { data: drawn[i].data }; })));",
		asJSON(t, charts), asJSON(t, page), asJSON(t, scripts), browser, script)
	command := exec.CommandContext(t.Context(), "node", "--input-type=commonjs", "-")
	command.Stdin = strings.NewReader("(0, eval)(" + asJSON(t, program) + ")")
	decode(t, command, &drawn)
	return drawn
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
