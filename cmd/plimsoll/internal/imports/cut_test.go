package imports_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
)

// A file that was cut is read to there, and its result is not whole; or it is refused. It never passes for whole
// with fewer requests, except where it was cut between two lines.
func TestCut(t *testing.T) {
	for _, file := range samples(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		format := formatOf(data)
		if format == "" || strings.Contains(file, "_history") || strings.Contains(file, "_failures") || strings.Contains(file, "_exceptions") {
			continue
		}
		for _, cut := range [][]byte{data[:len(data)*2/3+1], packed(data)[:len(packed(data))-10]} {
			to := filepath.Join(t.TempDir(), "cut")
			if err := os.WriteFile(to, cut, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := read(t, format, to)
			whole, _ := read(t, format, file)
			switch {
			case err != nil || len(r.Problems) > 0:
			case bytes.HasSuffix(cut, []byte("\n")) || r.Tally.Total().Requests() == whole.Tally.Total().Requests():
			default:
				t.Errorf("%s: cut after %d of %d bytes, it passes for whole: %s", file, len(cut), len(data), said(r))
			}
		}
	}
}

// summaries are files of testdata that hold sums of one run.
var summaries = []string{"wrk.txt", "wrk2.txt", "hey.txt", "ab.txt", "oha.json", "vegeta-report.json", "k6-summary-export.json", "k6-handle-summary.json"}

// A summary that was cut anywhere is refused, or its result is not whole, unless all its figures are there.
func TestCutSummaries(t *testing.T) {
	for _, name := range summaries {
		file := filepath.Join("testdata", name)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		format := formatOf(data)
		whole, err := read(t, format, file)
		if err != nil {
			t.Fatal(err)
		}
		each := 1
		if testing.Short() {
			each = 13
		}
		for n := 0; n < len(data); n += each {
			r, err := readText(t, format, string(data[:n]))
			if err == nil && r.Whole() && said(r) != said(whole) {
				t.Errorf("%s: its first %d bytes pass for whole: %s", name, n, said(r))
			}
		}
	}
	for format, text := range map[string]string{
		"oha": `{"summary": {"total": 1, "requestsPerSec"`, "vegeta": `{"latencies":{"50th":1`, "k6": `{"metrics": {"http_req_duration": {"med": 1`,
	} {
		if r, err := readText(t, format, text); err == nil || !strings.Contains(err.Error(), "its JSON: it ends in the middle: it was cut") {
			t.Errorf("%s: got %v, %v", format, r, err)
		}
	}
}

// What programs print last if they leave something out proves the end too. Without it the result says what is missing.
func TestEndsOfSummaries(t *testing.T) {
	const (
		ab  = "This is ApacheBench\nDocument Path: /a\nConcurrency Level: 1\nTime taken for tests: 1.0 seconds\nComplete requests: 10\n"
		hey = "Summary:\n  Total:\t2.0000 secs\n  Fastest:\t0.0010 secs\n  Requests/sec:\t%s\n\nResponse time histogram:\n\nStatus code distribution:\n  [200]\t%d responses\n%s"
		one = "Error distribution:\n  [1]\tGet \"http://h/\": EOF\n"
	)
	for _, c := range []struct{ format, text, problem, note string }{
		{"ab", ab, "lacks the percentages up to 100%, which ab prints last: it was cut", ""},
		{"ab", ab + "Connection Times (ms)\n              min  mean[+/-sd] median   max\nConnect:        0    1   1.0      1       2\nTotal:          1    4   2.0      4       9\n", "", ""}, // -d
		{"ab", ab + "Total:          1    4   2.0      4       9\n\nPercentage of the requests served within a certain time (ms)\n  50%   4\n", "lacks the percentages", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 100, ""), "", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 99, one), "", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 99, ""), "tells how 99 of about 100 requests ended: it was cut", ""},
		{"hey", fmt.Sprintf(hey, "50.0000", 100, one), "", ""}, // hey 0.1.1 has the rate of those that were answered
		{"hey", fmt.Sprintf(hey, "750000.0000", 1_000_000, ""), "", "hey tells the statuses of the first 1000000 answers only: about 4"},
	} {
		r, err := readText(t, c.format, c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if problems := fmt.Sprint(r.Problems); r.Whole() != (c.problem == "") || !strings.Contains(problems, c.problem) {
			t.Errorf("%q: got the problems %s, want %q", c.text, problems, c.problem)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, c.note) {
			t.Errorf("%q: no note says %q:\n%s", c.text, c.note, notes)
		}
	}
}

// A file that is given twice would be counted twice. It is refused, also under another name, as a copy, and compressed.
func TestGivenTwice(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	data, err := os.ReadFile("testdata/jmeter.jtl")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a.jtl": data, "copy.jtl": data, "packed.jtl.gz": packed(data), "other.jtl": data[:len(data)/2]} {
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(at("a.jtl"), at("link.jtl")), os.Link(at("a.jtl"), at("hard.jtl"))); err != nil {
		t.Fatal(err)
	}
	for second, want := range map[string]string{
		"a.jtl": at("a.jtl") + " is given twice: give each file once", "link.jtl": "are the same file: give each file once", "hard.jtl": "are the same file",
		"../" + filepath.Base(dir) + "/a.jtl": "is given twice", "copy.jtl": "import " + at("copy.jtl") + ": it holds the same as " + at("a.jtl") + ": give each file once",
		"packed.jtl.gz": "it holds the same as", "missing.jtl": "no such file",
	} {
		if r, err := imports.Read(t.Context(), "jmeter", []string{at("a.jtl"), at("other.jtl"), at(second)}, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", second, r, err, want)
		}
	}
	if r, err := read(t, "jmeter", at("a.jtl"), at("other.jtl")); err != nil || r.Tally.Total().Requests() < 400 {
		t.Errorf("two files: got %v, %v", r, err)
	}
}

// Joined files are refused where the second begins. Those of k6 are read on; see k6-twice.csv.
func TestJoinedFiles(t *testing.T) {
	for _, name := range []string{"jmeter.jtl", "jmeter-semicolon.jtl", "jmeter.xml", "hey.csv", "shop_stats.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimRight(string(data), "\n")
		want := fmt.Sprintf("line %d: a second file begins: files were joined; give each file by itself", strings.Count(text, "\n")+2)
		if name == "jmeter.xml" {
			want = "a second file begins"
		}
		if r, err := readText(t, formatOf(data), text+"\n"+text+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s twice: got %v, %v, want %s", name, r, err, want)
		}
	}
	bare, err := os.ReadFile("testdata/jmeter-bare.jtl")
	if err != nil {
		t.Fatal(err)
	}
	headed, err := os.ReadFile("testdata/jmeter.jtl")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := readText(t, "jmeter", string(bare)+string(headed)); err == nil || !strings.Contains(err.Error(), "a second file begins") {
		t.Errorf("rows and a file with a header: got %v, %v", r, err)
	}
}

// Sums of two runs in one file are refused: quantiles cannot be merged, and counts of two runs are no run.
func TestTwoRuns(t *testing.T) {
	for _, name := range summaries {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := readText(t, formatOf(data), string(data)+"\n"+string(data)); err == nil || !strings.Contains(err.Error(), "a second run begins: import one at a time") {
			t.Errorf("%s twice: got %v, %v", name, r, err)
		}
	}
	aborted := "This is ApacheBench, Version 2.3\n\nBenchmarking 127.0.0.1 (be patient)\napr_socket_recv: Connection reset by peer (104)\n"
	data, err := os.ReadFile("testdata/ab.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{aborted + string(data), string(data) + aborted} {
		if r, err := readText(t, "ab", text); err == nil || !strings.Contains(err.Error(), "a second run begins") {
			t.Errorf("a run that was given up, and another: got %v, %v", r, err)
		}
	}
	if r, err := readText(t, "oha", `{"summary": {"total": 1, "requestsPerSec": 1}} and more`); err == nil || !strings.Contains(err.Error(), `"and more" follows its JSON`) {
		t.Errorf("got %v, %v", r, err)
	}
}
