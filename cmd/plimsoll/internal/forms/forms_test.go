package forms_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// runOf is a valid run; seed is that of its pairing, and day makes it another run.
func runOf(seed string, day int) *result.Result {
	counts := &tally.Tally{}
	counts.Add(tally.Sample{Route: "GET /items", Class: tally.OK, Ended: 3 * time.Millisecond})
	began := time.Date(2026, 11, 1+day, 0, 0, 0, 0, time.UTC)
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 1, PairSeed: seed,
		Identity: result.Identity{Series: "shop", ProfileDigest: strings.Repeat("a", 64), Target: "http://127.0.0.1:1", Tool: "v0.1.0", Users: 3, Started: began, Finished: began.Add(time.Minute)},
		Rounds:   []result.Round{result.NewRound(0, time.Minute, counts)},
	}
	r.Tally.Merge(counts)
	return r
}

func verdictOf(r *result.Result) report.Report {
	return report.New(gate.Verdict{Outcome: gate.Inconclusive, Mode: gate.Stored, Reasons: []gate.Reason{{Kind: gate.NoBaseline, Branch: "main"}}, Comparisons: []gate.Comparison{}}, r)
}

// listed are the names of all files below a directory, in order.
func listed(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// everything asks for all forms in the working directory.
func everything(otlp string) forms.Flags {
	return forms.Flags{HTML: "r.html", Markdown: "r.md", CSV: "r", JUnit: "r.xml", HGRM: "hgrm", OpenMetrics: "r.prom", OTLP: otlp}
}

// receiver is a collector that answers with a status and a text, and keeps what it got.
func receiver(t *testing.T, status int, answer string) (url string, got *http.Request, body *string) {
	t.Helper()
	got, body = &http.Request{}, new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*got, *body = *r.Clone(t.Context()), string(text)
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, got, body
}

const (
	csvFiles  = "r_exceptions.csv r_failures.csv r_stats.csv r_stats_history.csv r_system.csv"
	baseFiles = "r-base_exceptions.csv r-base_failures.csv r-base_stats.csv r-base_stats_history.csv r-base_system.csv"
)

// Every form is written from a run and from a verdict with its run; a verdict alone gives the forms that need no run.
func TestWrite(t *testing.T) {
	r := runOf("", 0)
	rep := verdictOf(r)
	const runForms = "hgrm/GET_items.hgrm hgrm/all_routes.hgrm r.html r.md r.prom r.xml " + csvFiles
	for name, c := range map[string]struct {
		m     report.Material
		files string
		sent  bool
	}{
		"a run":                  {report.Material{Run: r}, runForms, true},
		"a pairing":              {report.Material{Run: r, Base: runOf("", 1)}, "hgrm/GET_items.base.hgrm hgrm/GET_items.hgrm hgrm/all_routes.base.hgrm hgrm/all_routes.hgrm " + baseFiles + " r.html r.md r.prom r.xml " + csvFiles, true},
		"a verdict with its run": {report.Material{Report: &rep, Run: r}, runForms, true},
		"a verdict":              {report.Material{Report: &rep}, "r.html r.md r.prom r.xml", false},
		"a search":               {report.Material{Capacity: reporttest.Capacity(reporttest.Confirmed)}, "r.html r.md r.prom r.xml", false},
	} {
		t.Chdir(t.TempDir())
		url, got, body := receiver(t, 200, `{"partialSuccess":{}}`)
		flags := everything(url)
		if err := flags.Check(); err != nil {
			t.Fatal(err)
		}
		getenv := func(name string) string {
			return map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20abc, X-Scope = a"}[name]
		}
		notes, err := flags.Write(t.Context(), c.m, forms.Options{Getenv: getenv})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if files := listed(t, "."); files != c.files {
			t.Errorf("%s: the files are %s, want %s", name, files, c.files)
		}
		if sent := *body != ""; sent != c.sent || sent && (got.URL.Path != "/v1/metrics" || got.Header.Get("Content-Type") != "application/json" ||
			got.Header.Get("Authorization") != "Basic abc" || got.Header.Get("X-Scope") != "a" || !strings.Contains(*body, `"plimsoll.response"`)) {
			t.Errorf("%s: sent to %v with %v: %s", name, got.URL, got.Header, *body)
		}
		if said := strings.Join(notes, "\n"); strings.Contains(said, "no timeline") != c.sent {
			t.Errorf("%s: the notes are %q", name, said)
		}
	}
}

// A receiver that refuses is an error that names it without its password, or a warning beside a verdict.
func TestOTLPIsRefused(t *testing.T) {
	r := runOf("", 0)
	for name, c := range map[string]struct {
		status       int
		answer, want string
	}{
		"not there": {0, "", "connect: connection refused"},
		"refuses":   {404, "404 page not found\x1b[31m", ": 404 Not Found: 404 page not found[31m"},
		"older":     {500, "native histograms are disabled\n", ": native histograms are disabled: start it with --enable-feature=native-histograms, or use Prometheus 3.8 or newer"},
		"moved":     {302, "", ": 302 Found"},
		"a part":    {200, `{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}`, ": 3 figures were refused: too old"},
		"a number":  {200, `{"partialSuccess":{"rejectedDataPoints":3}}`, ": 3 figures were refused"},
	} {
		url := "http://127.0.0.1:1"
		if c.status != 0 {
			url, _, _ = receiver(t, c.status, c.answer)
		}
		flags := forms.Flags{OTLP: strings.Replace(url, "http://", "http://me:s3cret@", 1)}
		_, err := flags.Write(t.Context(), report.Material{Run: r}, forms.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), "send the figures to http://me:xxxxx@127.0.0.1:") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
		var warned string
		if _, err := flags.Write(t.Context(), report.Material{Run: r}, forms.Options{Warn: func(text string) { warned = text }}); err != nil || !strings.Contains(warned, c.want) {
			t.Errorf("%s, beside a verdict: %v, warned %q", name, err, warned)
		}
	}
	for _, answer := range []string{"", "ok", "{}"} {
		url, _, _ := receiver(t, 202, answer)
		if _, err := (forms.Flags{OTLP: url}).Write(t.Context(), report.Material{Run: r}, forms.Options{}); err != nil {
			t.Errorf("an answer %q: %v", answer, err)
		}
	}
}

// Check reports all places that cannot be written at once, before anything is measured.
func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string]forms.Flags{
		"": everything("https://collector.test/v1/metrics"),
		"--junit no/r.xml: there is no directory no":     {JUnit: "no/r.xml"},
		"--markdown . is a directory":                    {Markdown: "."},
		"--csv no/r_stats.csv: there is no directory no": {CSV: "no/r"},
		"--hgrm file is a file: name a directory":        {HGRM: "file"},
		"there is no directory":                          {HGRM: "no/where"},
		"--markdown and --openmetrics both name ./x":     {Markdown: "x", OpenMetrics: "./x"},
		"--html and --csv both name r_failures.csv":      {HTML: "r_failures.csv", CSV: "r"},
		"--csv both name":                                {HTML: "r{t}_stats.csv", CSV: "r60"},
		"--html and --junit both name load-20.xml":       {HTML: "load-{u}.xml", JUnit: "load-20.xml"},
		"--out and --html both name result.json":         {HTML: "result.json"},
		"--otlp: expected an address":                    {OTLP: "collector:4317"},
		"\n":                                             {JUnit: "no/r.xml", HGRM: "file"},
	} {
		err := flags.Check(forms.Place{Flag: "--out", Path: "result.json"})
		if (want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || exit.Status(err) != exit.Input) {
			t.Errorf("%+v: %v, want %q", flags, err, want)
		}
	}
	if files := listed(t, "."); files != "file" {
		t.Errorf("Check has written %s", files)
	}
}

// Locust's variables name places unless a flag does, and variables that Locust does not have come with a note.
func TestUnder(t *testing.T) {
	for name, c := range map[string]struct {
		flag, locust, report string
		html, csv            string
		noted                bool
	}{
		"none":             {},
		"Locust's":         {locust: "a", html: "a", csv: "a"},
		"a flag wins":      {flag: "f", locust: "a", report: "true", html: "f", csv: "f"},
		"true":             {report: "true", html: "report.html", csv: "report", noted: true},
		"TRUE":             {report: "TRUE", html: "report.html", csv: "report", noted: true},
		"false":            {report: "False"},
		"Locust's wins":    {locust: "a", report: "true", html: "a", csv: "a"},
		"a path, for both": {report: "out/traffic", html: "out/traffic", csv: "out/traffic", noted: true},
	} {
		getenv := func(variable string) string {
			return map[string]string{"LOCUST_HTML": c.locust, "LOCUST_CSV": c.locust, "LOCUST_HTML_REPORT": c.report, "LOCUST_CSV_REPORT": c.report}[variable]
		}
		got, notes := forms.Flags{HTML: c.flag, CSV: c.flag}.Under(getenv)
		if got != (forms.Flags{HTML: c.html, CSV: c.csv}) || (len(notes) == 2) != c.noted {
			t.Errorf("%s: %+v, %q", name, got, notes)
		}
	}
}

// The name of the page holds the known parts of the load.
func TestNameOfThePage(t *testing.T) {
	closed := runOf("", 0)
	closed.Load.SpawnRate = 2.5
	slow := runOf("", 0)
	slow.Load.SpawnRate = 0.5
	open := runOf("", 0)
	open.Users = 0
	rep := verdictOf(closed)
	for want, m := range map[string]report.Material{
		"u3-r2-t60.html": {Run: closed}, "u3-r0-t60.html": {Run: slow}, "u{u}-r{r}-t60.html": {Run: open}, "u{u}-r{r}-t{t}.html": {Report: &rep},
	} {
		t.Chdir(t.TempDir())
		if _, err := (forms.Flags{HTML: "u{u}-r{r}-t{t}.html"}).Write(t.Context(), m, forms.Options{}); err != nil {
			t.Fatal(err)
		}
		if files := listed(t, "."); files != want {
			t.Errorf("the page is %s, want %s", files, want)
		}
	}
}

// writeRuns writes two sides of a pairing and another run into the working directory, with verdicts, and files that are
// none of these.
func writeRuns(t *testing.T) (head, base *result.Result) {
	t.Helper()
	head, base = runOf("7", 0), runOf("7", 1)
	other, committed := runOf("", 2), runOf("", 3)
	committed.Commit = strings.Repeat("a", 40)
	for name, r := range map[string]*result.Result{"result.json": head, "result-base.json": base, "result-idle.json": base, "side.json": base, "other.json": other, "copy.json": head, "committed.json": committed} {
		if err := result.Write(name, r); err != nil {
			t.Fatal(err)
		}
	}
	for name, r := range map[string]*result.Result{"verdict.json": head, "verdict-2.json": other} {
		if err := whole.Write(name, func(w io.Writer) error { return report.Encode(w, verdictOf(r)) }); err != nil {
			t.Fatal(err)
		}
	}
	found, elsewhere := *reporttest.Capacity(reporttest.Confirmed), *reporttest.Capacity(reporttest.ByUsers)
	elsewhere.Series = "elsewhere"
	for name, r := range map[string]capacity.Report{"found.json": found, "found-2.json": *reporttest.Capacity(reporttest.CutShort), "elsewhere.json": elsewhere} {
		if err := whole.Write(name, func(w io.Writer) error { return capacity.Encode(w, r) }); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"watch.json": `{"every_ns": 1}`, "text.json": "hello", "short.json": string(text[:len(text)/2]), "empty.json": "", "list.json": "[1]", "hostile.json": `{"schema": 1, "slo": [], "trials": [{"load": -1}]}`} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return head, base
}

// Files are recognised and put together in any order; those that do not belong together are refused.
func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	head, base := writeRuns(t)
	id := func(r *result.Result) string {
		if r == nil {
			return ""
		}
		return r.ID()
	}
	for _, c := range []struct {
		files     string
		judged    bool
		run, base *result.Result
		wrong     string
	}{
		{"result.json", false, head, nil, ""},
		{"verdict.json", true, nil, nil, ""},
		{"verdict.json result.json", true, head, nil, ""},
		{"result-base.json result.json verdict.json", true, head, base, ""},
		{"result.json verdict.json result-base.json", true, head, base, ""},
		{"result.json result-base.json", false, head, base, ""},
		{"result-base.json result.json", false, head, base, ""},
		{"result.json result-idle.json", false, head, base, ""},
		{"side.json result.json", false, head, base, ""},
		{"result.json side.json", false, base, head, ""},
		{"found.json", false, nil, nil, ""},
		{"found.json result.json", false, head, nil, ""},
		{"result-base.json found.json result.json", false, head, base, ""},
		{"verdict.json found.json", true, nil, nil, ""},
		{"verdict.json result.json found.json", true, head, nil, ""},
		{"found.json found-2.json", false, nil, nil, "found.json and found-2.json are two searches"},
		{"result.json elsewhere.json", false, nil, nil, "elsewhere.json is a search on elsewhere, and result.json is about shop"},
		{"verdict.json elsewhere.json", false, nil, nil, "and verdict.json is about shop"},
		{"committed.json found.json", false, nil, nil, "found.json is a search on commit 4f2c9ab0d1e2, and committed.json is about commit aaaaaaaaaaaa"},
		{"hostile.json", false, nil, nil, "read the search hostile.json: not a complete answer of a search"},
		{"result.json other.json", false, nil, nil, "two separate runs"},
		{"result.json result-base.json other.json", false, nil, nil, "these are 3 results"},
		{"result.json copy.json", false, nil, nil, "hold the same run"},
		{"verdict.json other.json", false, nil, nil, "do not belong together"},
		{"verdict.json result-base.json", false, nil, nil, "do not belong together"},
		{"verdict.json result.json other.json", false, nil, nil, "no side of what the verdict"},
		{"verdict.json verdict-2.json", false, nil, nil, "are two verdicts"},
		{"watch.json", false, nil, nil, "watch.json is neither a result"},
		{"text.json", false, nil, nil, "text.json is neither a result"},
		{"list.json", false, nil, nil, "list.json is neither a result"},
		{"empty.json", false, nil, nil, "empty.json is neither a result"},
		{"short.json", false, nil, nil, "it is truncated after"},
		{"nowhere.json", false, nil, nil, "no such file"},
		{".", false, nil, nil, "is a directory"},
	} {
		m, err := forms.Read(strings.Fields(c.files))
		switch {
		case c.wrong != "" && (exit.Status(err) != exit.Input || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %q", c.files, err, c.wrong)
		case c.wrong == "" && (m.Capacity != nil) != strings.Contains(c.files, "found"):
			t.Errorf("%s: the search is %v", c.files, m.Capacity)
		case c.wrong == "" && (err != nil || (m.Report != nil) != c.judged || id(m.Run) != id(c.run) || id(m.Base) != id(c.base)):
			t.Errorf("%s: %v, %+v", c.files, err, m)
		}
	}
}

// The history of a run grows while it runs.
func TestLive(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("r_stats_history.csv", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	live := forms.Flags{CSV: "r"}.Live()
	if written, err := live.Close(); written || err != nil {
		t.Errorf("without a row: %v, %v", written, err)
	}
	read := func() string {
		text, err := os.ReadFile("r_stats_history.csv")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if read() != "old" {
		t.Errorf("a run that did not begin has changed the file: %q", read())
	}
	counts := (&tally.Tally{}).Total()
	for i := range 3 {
		live.Add(runner.Window{At: time.Unix(int64(i), 0), Length: time.Second, Last: counts, All: counts})
		if n := strings.Count(read(), "\r\n"); n != i+2 {
			t.Errorf("after %d seconds the file has %d lines", i+1, n)
		}
	}
	if written, err := live.Close(); !written || err != nil {
		t.Errorf("%v, %v", written, err)
	}
	if _, err := (forms.Flags{CSV: "r"}).Write(t.Context(), report.Material{Run: runOf("", 0)}, forms.Options{Live: true}); err != nil || strings.Count(read(), "\r\n") != 4 {
		t.Errorf("%v; the other files have replaced the history: %q", err, read())
	}
	if none := (forms.Flags{}).Live(); none != nil {
		t.Error("a history that nobody asked for")
	}
	gone := forms.Flags{CSV: "no/r"}.Live()
	gone.Add(runner.Window{Last: counts, All: counts})
	gone.Add(runner.Window{Last: counts, All: counts})
	if written, err := gone.Close(); written || err == nil || !strings.Contains(err.Error(), "no/r_stats_history.csv: no such file") {
		t.Errorf("%v, %v", written, err)
	}
}
