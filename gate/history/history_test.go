package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/plimsoll-ci/plimsoll/gate/history"
)

const header = "repo,bench,metric,unit,bigger_is_better,commit_index,commit_sha,timestamp,value\n"

func read(t *testing.T, text string) []history.History {
	t.Helper()
	h, err := history.Read("h", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCSV(t *testing.T) {
	h := read(t, "value,more,"+strings.TrimSuffix(header, ",value\n")+`
20,x,a/b,http,rate,req/s,1,4,c4,4000
0,x,a/b,http,p95,ms,0,2,c2,2000
10,x,a/b,http,rate,req/s,1,2,c2,2000
7,x,a/b,other,p95,ms,0,0,c0,1000
-3,x,a/b,http,p95,ms,0,4,c4,4000
NaN,x,a/b,http,mean,ms,0,4,c4,4000
1e999,x,a/b,http,max,ms,0,4,c4,4000
`)
	if len(h) != 2 || h[0].Name != "a/b http" || h[1].Name != "a/b other" || h[0].Unusable != 4 {
		t.Fatalf("got %+v", h)
	}
	if first := h[0].Runs[1].Values; !math.IsNaN(first[1]) || !math.IsNaN(first[2]) || !math.IsNaN(first[3]) {
		t.Errorf("values that cannot be used: %v", first)
	}
	first, second := h[0].Runs[0], h[0].Runs[1]
	if first.Index != 2 || first.Commit != "c2" || first.Time.UnixMilli() != 2000 || second.Index != 4 {
		t.Errorf("runs %+v", h[0].Runs)
	}
	if c := h[0].Columns[0]; c.Name != "rate" || c.Unit != "req/s" || !c.HigherIsBetter || h[0].Columns[1].HigherIsBetter {
		t.Errorf("columns %+v", h[0].Columns)
	}
	if first.Values[0] != 10 || second.Values[0] != 20 || !math.IsNaN(first.Values[1]) || len(first.Values) != 4 {
		t.Errorf("values %v, %v", first.Values, second.Values)
	}
}

func TestDataJS(t *testing.T) {
	text := `window.BENCHMARK_DATA = {
  "lastUpdate": 1, "repoUrl": "https://github.com/a/b",
  "entries": {
    "Go": [{"commit": {"id": "c1", "message": "x"}, "date": 1733893869267, "tool": "go", "benches": [{"name": "B", "value": 12.5, "unit": "ns/op", "extra": ""}]},
           {"commit": {"id": "c1"}, "date": 1733893869268, "tool": "go", "benches": [{"name": "B", "value": 13, "unit": "ns/op"}]}],
    "HTTP": [{"commit": {"id": "c1"}, "date": 5, "tool": "customBiggerIsBetter", "benches": [{"name": "rate", "value": 100, "unit": "req/s"}]}]
  }
}
`
	for _, form := range []string{text, text[strings.IndexByte(text, '{'):]} {
		h := read(t, form)
		if len(h) != 2 || h[0].Name != "Go" || len(h[0].Runs) != 2 || h[0].Runs[1].Values[0] != 13 || h[0].Columns[0].HigherIsBetter || !h[1].Columns[0].HigherIsBetter {
			t.Errorf("got %+v", h)
		}
	}
}

// Which way is better is as github-action-benchmark has it: src/write.ts, biggerIsBetter.
func TestTools(t *testing.T) {
	for tool, higher := range map[string]bool{
		"benchmarkjs": true, "pytest": true, "customBiggerIsBetter": true,
		"cargo": false, "go": false, "googlecpp": false, "catch2": false, "julia": false, "jmh": false,
		"benchmarkdotnet": false, "benchmarkluau": false, "customSmallerIsBetter": false, "": false,
	} {
		h := read(t, fmt.Sprintf(`{"entries": {"s": [{"tool": %q, "benches": [{"name": "b", "value": 1, "unit": "u"}]}]}}`, tool))
		if got := h[0].Columns[0].HigherIsBetter; got != higher {
			t.Errorf("%q: got %v, want %v", tool, got, higher)
		}
	}
}

// The first run is as github-action-benchmark v1.17 wrote it, the second as v1.18 does.
func TestGoMetrics(t *testing.T) {
	h := read(t, `{"entries": {"Go": [
		{"commit": {"id": "c1"}, "tool": "go", "benches": [{"name": "B", "value": 5, "unit": "ns/op\t 120 B/op\t 3 allocs/op"}, {"name": "C", "value": 1, "unit": "ns/op"}]},
		{"commit": {"id": "c2"}, "tool": "go", "benches": [{"name": "B", "value": 6, "unit": "ns/op\t 121 B/op\t 3 allocs/op"}, {"name": "B - ns/op", "value": 6, "unit": "ns/op"}, {"name": "B - B/op", "value": 121, "unit": "B/op"}]},
		{"commit": {"id": "c3"}, "tool": "customSmallerIsBetter", "benches": [{"name": "D", "value": 7, "unit": "ms at the 99th percentile"}]}
	]}}`)
	want := "[{B - ns/op ns/op false} {C ns/op false} {B - B/op B/op false} {D ms at the 99th percentile false}] [5 1 NaN NaN] [6 NaN 121 NaN] [NaN NaN NaN 7]"
	if got := fmt.Sprint(h[0].Columns, h[0].Runs[0].Values, h[0].Runs[1].Values, h[0].Runs[2].Values); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Additions of editors and spreadsheets around the data change nothing, and lines count from the beginning of
// the file.
func TestAround(t *testing.T) {
	quoted := `"repo"` + header[len("repo"):]
	for _, text := range []string{
		"\ufeff" + header + "a,b,m,ms,0,1,c,1,5\n",
		"\ufeff" + quoted + "a,b,m,ms,0,1,c,1,5\r\n",
		strings.Repeat("\n", 1000) + header + "a,b,m,ms,0,1,c,1,5",
		"\ufeff\nwindow.BENCHMARK_DATA = " + `{"entries": {"a b": [{"commit": {"id": "c"}, "date": 1, "benches": [{"name": "m", "value": 5, "unit": "ms"}]}]}}` + ";\n",
	} {
		if h := read(t, text); len(h) != 1 || h[0].Name != "a b" || h[0].Columns[0].Name != "m" || h[0].Runs[0].Values[0] != 5 {
			t.Errorf("%.40q: got %+v", text, h)
		}
	}
}

// manySuites is a CSV of n suites with a value each.
func manySuites(n int) string {
	var text strings.Builder
	text.WriteString(header)
	for i := range n {
		fmt.Fprintf(&text, "a,%d,m,ms,0,1,c,1,5\n", i)
	}
	return text.String()
}

// When a run has a figure twice, the first counts, and the others are counted as left out.
func TestDoubled(t *testing.T) {
	for _, text := range []string{
		header + "a,b,m,ms,0,1,c,1,1\na,b,n,ms,0,1,c,1,7\na,b,m,ms,0,1,c,1,2\na,b,n,ms,0,1,c,1,7\n",
		`{"entries": {"a b": [{"commit": {"id": "c"}, "benches": [{"name": "m", "value": 1, "unit": "ms"}, {"name": "n", "value": 7, "unit": "ms"}, {"name": "m", "value": 2, "unit": "ms"}, {"name": "n", "value": 7, "unit": "ms"}]}]}}`,
	} {
		h := read(t, text)[0]
		if len(h.Runs) != 1 || h.Runs[0].Values[0] != 1 || h.Runs[0].Values[1] != 7 || h.Doubled != 2 || h.Double != "m" {
			t.Errorf("%.20q: got %+v", text, h)
		}
	}
	if h := read(t, header+"a,b,m,ms,0,1,c,1,0\na,b,m,ms,0,1,c,1,2\n")[0]; !math.IsNaN(h.Runs[0].Values[0]) || h.Doubled != 1 || h.Unusable != 1 {
		t.Errorf("an unusable value and another: %+v", h)
	}
}

// endless is a file without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestTooManyBytes(t *testing.T) {
	_, err := history.Read("h", io.MultiReader(strings.NewReader("window.BENCHMARK_DATA = {"), endless{}))
	if want := "read history h: it is larger than 128 MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A file whose names hold the number of the run would need the square of it in memory.
func TestTooLarge(t *testing.T) {
	var text strings.Builder
	text.WriteString(header)
	for i := range 5000 {
		fmt.Fprintf(&text, "a,b,m%d,ms,0,%d,c,1,5\n", i, i)
	}
	_, err := history.Read("h", strings.NewReader(text.String()))
	if want := "read history h: line 4474: a b is too large: 4473 figures in 4473 runs"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{"", header + strings.Repeat("\n", 5000), "{" + strings.Repeat("\n", 5000)} {
		if _, err := history.Read("h", io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("%.20q: got %v", text, err)
		}
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "read history h: the file is empty"},
		{"\n \n", "read history h: the file is empty"},
		{"# a page\n\nof text\n", "line 1 has no column repo"},
		{"a,b\n1,2\n", "neither a CSV of histories nor a data.js of github-action-benchmark: line 1 has no column repo"},
		{header, "it has a header and no values"},
		{header + "a,b,m,ms,0,1\n", "line 2: it has 6 fields, and 9 are needed"},
		{header + "a,b,m,ms,0,one,c,1,1\n", `line 2: commit_index "one" is not a whole number`},
		{header + "a,b,m,ms,0,1,c,1,fast\n", `line 2: value "fast" is not a number`},
		{header + "a,b,m,ms,0,1,c,today,1\n", `line 2: timestamp "today" is not a number of milliseconds`},
		{header + "a,b,m,ms,maybe,1,c,1,1\n", `line 2: bigger_is_better is "maybe": 0 or 1`},
		{header + "a,b,m,ms,0,1,c,1,1\na,b,n,ms,0,1,d,1,2\n", "line 3: run 1 of a b is of two commits, c and d"},
		{header + "a,b,m,ms,0,1,c,1,1\na,b,m,ms,1,2,c,1,2\n", `line 3: "m" of a b is better when higher in some runs and when lower in others`},
		{header + "a,b,,ms,0,1,c,1,1\n", "line 2: run 1 of a b has a value without a name"},
		{header + "a,b,m,ms,0,1,c,NaN,1\n", `line 2: timestamp "NaN" is not a number of milliseconds`},
		{header + "a,b,m,ms,0,1,c,9e15,1\n", `line 2: timestamp "9e15" is not a number of milliseconds`},
		{header + "a,b,m\"m,ms,0,1,c,1,1\n", "parse error on line 2"},
		{"[1]", "neither a CSV of histories nor a data.js of github-action-benchmark: line 1 has no column repo"},
		{"window.BENCHMARK_DATA = {\n  oops\n}", "line 2: invalid character 'o'"},
		{"\n\nwindow.BENCHMARK_DATA = {\n  oops\n}", "line 4: invalid character 'o'"},
		{"window.BENCHMARK_DATA = 5", "neither a CSV of histories nor a data.js of github-action-benchmark"},
		{"{}", "it has no entries with benches"},
		{`{"entries": {"s": []}}`, "it has no entries with benches"},
		{`{"entries": []}`, "line 1: { is expected"},
		{"{\"entries\": {\n\"s\": 5}}", "line 2: [ is expected"},
		{"{\"entries\": {\n\"s\": [\n", "line 3: the file ends too early"},
		{"{\"entries\": {\n\"s\": [{\"benches\": [", "line 2: the file ends too early"},
		{"{\"entries\": {\"s\": [\n{\"benches\": [\n{\"name\": \"b\", \"value\": \"1\"}]}]}}", "line 3: benches.value of run 0 of s cannot be a string"},
		{`{"entries": {"s": [5]}}`, "line 1:"},
		{`{"entries": {"s": [{"commit": {"id": "c"}, "benches": [{"name": "b", "value": 1}]}], "s": [{"commit": {"id": "d"}, "benches": [{"name": "b", "value": 1}]}]}}`, "run 0 of s is of two commits, c and d"},
		{`{"other": ` + strings.Repeat("[", 100_000), "exceeded max depth"},
		{`{"entries": {"s": [` + strings.Repeat("[", 100_000), "exceeded max depth"},
		{manySuites(10_001), "line 10002: it has more than 10000 suites"},
		{`{"entries": {"s": [{"benches": [{"value": 1}]}]}}`, "line 1: run 0 of s has a value without a name"},
		{`{"entries": {"s": [{"date": 1e300, "benches": [{"name": "b", "value": 1}]}]}}`, "line 1: the date of run 0 of s, 1e+300, is not a number of milliseconds"},
		{"{\"entries\": {\"s\": [{\"benches\": [{\"name\": \"b\", \"value\": 1}]}]}}\nwindow.x()", "line 2: there is more after the data"},
	} {
		h, err := history.Read("h", strings.NewReader(c.text))
		if err == nil || h != nil || !strings.HasPrefix(err.Error(), "read history h: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
}

// Real files: the cuts in testdata, and the whole ones where they are there.
func TestRealHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	whole, err := filepath.Glob("../../../shared/data/ci-histories/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, whole...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		values := 0
		for _, h := range read(t, string(text)) {
			for i, r := range h.Runs {
				if len(r.Values) != len(h.Columns) || i > 0 && r.Index <= h.Runs[i-1].Index {
					t.Fatalf("%s: run %d of %s has %d values of %d, index %d", file, i, h.Name, len(r.Values), len(h.Columns), r.Index)
				}
				for _, v := range r.Values {
					if !math.IsNaN(v) {
						values++
					}
				}
			}
		}
		if rows := bytes.Count(text, []byte("\n")) - 1; values != rows {
			t.Errorf("%s: %d values of %d rows", file, values, rows)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(header + "a,b,m,ms,0,1,c,1,1\n"))
	f.Add([]byte(header + "a,b,m,ms,0,-9223372036854775808,c,1,1\na,b,m,ms,0,9223372036854775807,c,1,0\n"))
	f.Add([]byte(`{"entries": {"s": [{"tool": "go", "benches": [{"name": "b", "value": 1, "unit": "ns/op\t 1 B/op"}]}]}};`))
	f.Add([]byte(header + "a,b,m,ms,0,1,c,1,1\na,b,m,ms,0,1,c,1,2\n"))
	f.Add([]byte(`{"entries": {"s": [{"date": 8.64e15, "benches": [{"name": "b", "value": 1e308}, {"name": "b", "value": 1}]}], "s": []}}`))
	f.Add([]byte(`{"x": ` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`))
	f.Add([]byte(`window.BENCHMARK_DATA = {"entries": {"s": [{"benches": [{"name": "b", "value": 1}]}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		histories, err := history.Read("h", bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, h := range histories {
			if len(h.Columns) == 0 || len(h.Runs) == 0 {
				t.Fatalf("%d columns, %d runs", len(h.Columns), len(h.Runs))
			}
			for i, r := range h.Runs {
				if len(r.Values) != len(h.Columns) || i > 0 && r.Index <= h.Runs[i-1].Index {
					t.Fatalf("%d values of %d columns, index %d", len(r.Values), len(h.Columns), r.Index)
				}
				for _, v := range r.Values {
					if v <= 0 || math.IsInf(v, 0) {
						t.Fatalf("value %v", v)
					}
				}
			}
		}
	})
}
