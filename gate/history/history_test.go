package history_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestBadInput(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "read history h: the file is empty"},
		{"\n \n", "read history h: the file is empty"},
		{"# a page\n\nof text\n", "line 1 has no column repo"},
		{"a,b\n1,2\n", "neither a CSV of histories nor a data.js of github-action-benchmark: line 1 has no column repo"},
		{header, "it has a header and no values"},
		{header + "a,b,m,ms,0,1\n", "line 2: it has 6 fields, and 9 are needed"},
		{header + "a,b,m,ms,0,one,c,1,1\n", `line 2: commit_index "one" is no whole number`},
		{header + "a,b,m,ms,0,1,c,1,fast\n", `line 2: value "fast" is no number`},
		{header + "a,b,m,ms,0,1,c,today,1\n", `line 2: timestamp "today" is no number of milliseconds`},
		{header + "a,b,m,ms,maybe,1,c,1,1\n", `line 2: bigger_is_better is "maybe": 0 or 1`},
		{header + "a,b,m,ms,0,1,c,1,1\na,b,m,ms,0,1,c,1,2\n", `line 3: run 1 of a b has "m" twice: variants must have names of their own`},
		{header + "a,b,m,ms,0,1,c,1,1\na,b,n,ms,0,1,d,1,2\n", "line 3: run 1 of a b is of two commits, c and d"},
		{"window.BENCHMARK_DATA = {\n  oops\n}", "line 2"},
		{"{}", "it has no entries with benches"},
		{`{"entries": {"s": [{"benches": [{"name": "b", "value": "1"}]}]}}`, "neither a CSV"},
	} {
		if _, err := history.Read("h", strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
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
	f.Add([]byte(`window.BENCHMARK_DATA = {"entries": {"s": [{"benches": [{"name": "b", "value": 1}]}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		histories, err := history.Read("h", bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, h := range histories {
			for _, r := range h.Runs {
				if len(r.Values) != len(h.Columns) {
					t.Fatalf("%d values of %d columns", len(r.Values), len(h.Columns))
				}
			}
		}
	})
}
