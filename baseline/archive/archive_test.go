package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/archive"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

func open(t *testing.T) baseline.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// records are n runs, newest first, with marks on some.
func records(n int) iter.Seq2[baseline.Run, error] {
	return func(yield func(baseline.Run, error) bool) {
		for i := n - 1; i >= 0; i-- {
			r := storetest.NewResult(i)
			record := baseline.Run{Info: baseline.Info{ID: r.ID(), Branch: r.Branch, Stored: r.Finished}, Result: r}
			if i%20 == 1 {
				record.Accepted = new(storetest.NewMark(i % 60))
			}
			if i%20 == 2 {
				record.Excluded = new(storetest.NewMark(i % 60))
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

func write(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if got, err := archive.Write(&b, records(n)); err != nil || got != n {
		t.Fatalf("wrote %d of %d runs: %v", got, n, err)
	}
	return b.Bytes()
}

func export(t *testing.T, s baseline.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := archive.Export(t.Context(), &b, s, baseline.Query{WithExcluded: true}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMoveFromStoreToStore(t *testing.T) {
	const n = 102 // more than one page
	here, there := open(t), open(t)
	file := write(t, n)
	for i, want := range []archive.Imported{{Runs: n, New: n, Marked: 11}, {Runs: n}} {
		if got, err := archive.Import(t.Context(), bytes.NewReader(file), here); err != nil || got != want {
			t.Fatalf("import %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
	moved := export(t, here)
	if !bytes.Equal(moved, export(t, here)) {
		t.Error("the same runs give different bytes")
	}
	if _, err := archive.Import(t.Context(), bytes.NewReader(moved), there); err != nil {
		t.Fatal(err)
	}
	lists := [][]baseline.Info{nil, nil}
	for i, store := range []baseline.Store{here, there} {
		var err error
		if lists[i], err = store.List(t.Context(), baseline.Query{WithExcluded: true, Limit: n + 1}); err != nil {
			t.Fatal(err)
		}
		for j := range lists[i] {
			lists[i][j].Stored = time.Time{} // each store sets its own
		}
	}
	a, b := fmt.Sprintf("%+v", describe(t, lists[0])), fmt.Sprintf("%+v", describe(t, lists[1]))
	if len(lists[0]) != n || a != b {
		t.Errorf("%d runs became %d, or their marks have changed", len(lists[0]), len(lists[1]))
	}
}

// A mark in another time zone, with more digits than a store keeps, is put only once too.
func TestImportAgainMarksNothing(t *testing.T) {
	run := baseline.Run{Result: storetest.NewResult(1).Compact()}
	mark := storetest.NewMark(1)
	mark.At = mark.At.Add(time.Nanosecond).In(time.FixedZone("", 3600))
	run.ID, run.Branch, run.Stored, run.Accepted, run.Excluded = run.Result.ID(), run.Result.Branch, mark.At, &mark, &mark
	var file bytes.Buffer
	if _, err := archive.Write(&file, func(yield func(baseline.Run, error) bool) { yield(run, nil) }); err != nil {
		t.Fatal(err)
	}
	store := open(t)
	for i, want := range []archive.Imported{{Runs: 1, New: 1, Marked: 2}, {Runs: 1}} {
		if got, err := archive.Import(t.Context(), bytes.NewReader(file.Bytes()), store); err != nil || got != want {
			t.Errorf("import %d: got %+v, %v, want %+v", i, got, err, want)
		}
	}
}

func describe(t *testing.T, infos []baseline.Info) string {
	t.Helper()
	text, err := json.Marshal(infos)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSameRunsSameBytes(t *testing.T) {
	file := write(t, 7)
	if !bytes.Equal(file, write(t, 7)) {
		t.Error("writing twice gives different bytes")
	}
	if again := rewrite(t, file); !bytes.Equal(file, again) {
		t.Error("writing the runs that were read gives different bytes")
	}
	if n, err := archive.Read(bytes.NewReader(write(t, 0)), nil); n != 0 || err != nil {
		t.Errorf("a file without runs: %d, %v", n, err)
	}
}

// rewrite reads a file and writes what was in it.
func rewrite(t testing.TB, file []byte) []byte {
	t.Helper()
	var kept []baseline.Run
	if _, err := archive.Read(bytes.NewReader(file), func(r archive.Run) error {
		info := baseline.Info{ID: r.ID, Branch: r.Branch, Stored: r.Stored, Accepted: r.Accepted, Excluded: r.Excluded}
		kept = append(kept, baseline.Run{Info: info, Result: r.Result})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := archive.Write(&b, func(yield func(baseline.Run, error) bool) {
		for _, record := range kept {
			if !yield(record, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var stored = regexp.MustCompile(`"stored":"[^"]*"`)

// seal makes a file with digests that fit its runs, as a forger would.
func seal(runs ...string) string {
	var b strings.Builder
	b.WriteString(`{"format":"plimsoll runs","version":1}` + "\n")
	for _, run := range runs {
		fmt.Fprintf(&b, `{"run":%s,"sha256":"%x"}`+"\n", run, sha256.Sum256([]byte(run)))
	}
	fmt.Fprintf(&b, `{"runs":%d,"sha256":"%x"}`+"\n", len(runs), sha256.Sum256([]byte(b.String())))
	return b.String()
}

// runsOf returns the runs of a file, in the order of the file.
func runsOf(t testing.TB, file []byte) (runs []string) {
	t.Helper()
	for text := range strings.Lines(string(file)) {
		if run, ok := strings.CutPrefix(text, `{"run":`); ok {
			runs = append(runs, run[:strings.LastIndex(run, `,"sha256"`)])
		}
	}
	return runs
}

func TestReadRefuses(t *testing.T) {
	file := string(write(t, 3))
	lines := strings.SplitAfter(file, "\n")
	runs := runsOf(t, []byte(file))
	if seal(runs...) != file {
		t.Fatal("seal writes another format than archive.Write")
	}
	forge := func(old, with string) string {
		forged := strings.Replace(runs[1], old, with, 1)
		if forged == runs[1] {
			t.Fatalf("there is no %s in %.300s", old, runs[1])
		}
		return seal(runs[0], forged, runs[2])
	}
	for name, test := range map[string]struct{ file, want string }{
		"nothing":                        {"", "line 1: the file ends here"},
		"another kind of file":           {"PK\x03\x04\n", "line 1: it does not begin with the format"},
		"a result":                       {`{"schema":1}` + "\n", "line 1: it does not begin with the format"},
		"newer":                          {strings.Replace(file, `"version":1`, `"version":2`, 1), "version 2, this program reads version 1"},
		"cut in a line":                  {file[:len(file)/2], "cut short"},
		"cut after a line":               {strings.Join(lines[:3], ""), "line 4: the file ends here"},
		"last newline missing":           {file[:len(file)-1], "line 5: the file ends here"},
		"a run missing":                  {lines[0] + lines[1] + lines[3] + lines[4], "line 4: the file has 2 runs"},
		"a digit changed":                {strings.Replace(file, `"requests":100`, `"requests":101`, 1), "line 2: the run does not have the digest"},
		"header changed":                 {strings.Replace(file, `{"format"`, `{ "format"`, 1), "line 5: the lines above do not have the digest"},
		"more after it":                  {file + "{}\n", "line 6: something follows"},
		"twice on a line":                {strings.Replace(file, "\n", " {}\n", 1), "line 1: "},
		"two in reverse order":           {seal(runs[1], runs[0], runs[2]), "line 3: run "},
		"one twice":                      {seal(runs[0], runs[0]), "comes twice"},
		"a forged figure":                {forge(`"requests":100`, `"requests":101`), "its result is not the one that was written"},
		"a forged branch":                {forge(`"branch":"main"`, `"branch":"other"`), "is filed under branch"},
		"an unknown field":               {forge(`"stored":`, `"colour":"red","stored":`), `unknown field "colour"`},
		"an unknown field in the result": {forge(`"schema":1`, `"schema":1,"colour":"red"`), `unknown field "colour"`},
		"impossible figures":             {forge(`"failures":0`, `"failures":999`), "impossible figures"},
		"a round missing":                {forge(`"planned_rounds":2`, `"planned_rounds":3`), "it cannot be a baseline: it is not whole"},
		"never stored":                   {seal(stored.ReplaceAllString(runs[0], `"stored":"0001-01-01T00:00:00Z"`)), "when it was stored"},
		"no name":                        {forge(`"by":"ana"`, `"by":""`), "needs the name"},
		"a reason that is too long":      {forge(`"why":"reason`, `"why":"`+strings.Repeat("a", 3000)), "say it shorter"},
		"a control character":            {forge(`"why":"reason`, `"why":"\u001b[31m`), "control characters"},
		"a key twice":                    {forge(`"series":"shop"`, `"series":"shop","series":"cart"`), `the key "series" comes twice`},
		"a mark twice":                   {forge(`"branch":"main","stored"`, `"branch":"main","id":"","stored"`), `the key "id" comes twice`},
		"deeply nested":                  {seal(strings.Repeat(`{"a":`, 100_000)), "nested deeper than 18"},
		"a million routes":               {forge(`"tally":{"routes":{`, `"tally":{"routes":{`+strings.Repeat(`"a":{},`, 1_000_000)), "comes twice"},
		"a million names":                {forge(`"tally":{"routes":{`, `"tally":{"routes":{`+manyRoutes(1_000_000)), "more than 200001 values"},
		"huge counts":                    {forge(`"outcomes":{"ok":200}`, `"outcomes":{"ok":9223372036854775806}`), "impossible count"},
		"a clock stepped back":           {forge(`"finished":"2026`, `"finished":"2025`), "it lasts from"},
		"a run of centuries":             {forge(`"finished":"2026`, `"finished":"9026`), "it lasts from"},
		"no result":                      {seal(`{"id":"","branch":"","stored":"2026-01-01T00:00:00Z"}`), "the run has no result"},
		"not an object":                  {seal(`null`), "line 2"},
		"a line that is too long":        {lines[0] + `{"run":"` + strings.Repeat("a", 257<<20), "longer than 256 MiB"},
	} {
		called := 0
		n, err := archive.Read(strings.NewReader(test.file), func(archive.Run) error { called++; return nil })
		if !errors.Is(err, archive.ErrMalformed) || !strings.Contains(err.Error(), test.want) || called > 0 || n > 0 {
			t.Errorf("%s: got %.300v, want %q in it; %d runs were handed on", name, err, test.want, called)
		}
	}
}

// manyRoutes are n routes with nothing in them.
func manyRoutes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":{},`, i)
	}
	return b.String()
}

func TestWriteRefuses(t *testing.T) {
	all := slices.Collect(first(records(2)))
	for want, runs := range map[string][]baseline.Run{
		"newest first": {all[1], all[0]},
		"control":      {{Info: all[0].Info, Result: storetest.NewResult(1, func(r *result.Result) { r.Commit = "\x1b" })}},
		"it cannot be a baseline: it is not whole": {{Info: all[0].Info, Result: storetest.NewResult(1, func(r *result.Result) { r.PlannedRounds = 9 })}},
	} {
		for i := range runs {
			runs[i].ID = runs[i].Result.ID()
		}
		_, err := archive.Write(&bytes.Buffer{}, func(yield func(baseline.Run, error) bool) {
			for _, r := range runs {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if _, err := archive.Export(canceled(t), &bytes.Buffer{}, open(t), baseline.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an export with a canceled context: %v", err)
	}
}

func first(of iter.Seq2[baseline.Run, error]) iter.Seq[baseline.Run] {
	return func(yield func(baseline.Run) bool) {
		for record := range of {
			if !yield(record) {
				return
			}
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// No file makes the reader panic. The runs of a file that it takes are written as bytes that are read and written
// the same.
func FuzzRead(f *testing.F) {
	file := write(f, 2)
	f.Add(file)
	f.Add(write(f, 0))
	for _, run := range runsOf(f, file) {
		f.Add([]byte(run))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range []string{string(data), seal(string(data))} { // the second gets past the digests
			if _, err := archive.Read(strings.NewReader(file), func(archive.Run) error { return nil }); err != nil {
				continue
			}
			once := rewrite(t, []byte(file))
			if !bytes.Equal(once, rewrite(t, once)) {
				t.Errorf("not written the same: %.300s", once)
			}
		}
	})
}
