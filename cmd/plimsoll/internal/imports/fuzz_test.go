package imports_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// mostAllocated is how much the reader of a small file may allocate, in bytes. The largest part are histograms: those of a
// log of HdrHistogram may have five digits, and JSON of nested lists becomes many small values.
const mostAllocated = 256 << 20

// Whatever a file holds, its reader ends with a result that can be kept, or with an error in words. It does not panic, and
// allocates no more than mostAllocated. Each format is tried on every input, whether it recognises it or not.
func FuzzFormats(f *testing.F) {
	for _, file := range samples(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for i, format := range imports.Formats() {
			if format.Form(data[:min(len(data), 4096)]) != "" {
				f.Add(uint8(i), data[:min(len(data), 3000)])
			}
		}
	}
	formats := imports.Formats()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		format := formats[int(which)%len(formats)]
		r, err := readAs(format, data)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > mostAllocated {
			t.Errorf("%s allocated %d MiB for %d bytes", format.Name, spent>>20, len(data))
		}
		if err != nil {
			if text := err.Error(); strings.TrimSpace(text) == "" || strings.Contains(text, "%!") || len(text) > 2000 {
				t.Errorf("%s: the error is %.300q", format.Name, text)
			}
			return
		}
		checkKept(t, format, r)
	})
}

// readAs reads a file of a format.
func readAs(format foreign.Format, data []byte) (*result.Result, error) {
	reader, sink := format.New(), &foreign.Sink{}
	file := &foreign.File{Name: "theirs", Reader: bytes.NewReader(data), Head: data[:min(len(data), 4096)], Changed: time.Unix(1_790_000_000, 0)}
	if err := reader.Read(file, sink); err != nil {
		return nil, err
	}
	if err := reader.End(sink); err != nil {
		return nil, err
	}
	return sink.Result(format, options.Identity)
}

// checkKept checks that a result can be written and read again, and that its parts agree.
func checkKept(t *testing.T, format foreign.Format, r *result.Result) {
	t.Helper()
	if err := r.Validate(); err != nil {
		return // the command refuses it with these words
	}
	if err := result.Encode(io.Discard, r); err != nil {
		t.Fatalf("%s: the result cannot be kept: %v", format.Name, err)
	}
	total := r.Tally.Total()
	var requests, failures, seconds int64
	for i := range r.Rounds {
		requests, failures = requests+r.Rounds[i].Total.Requests, failures+r.Rounds[i].Total.Failures
	}
	for _, s := range r.Timeline {
		seconds += s.Requests
	}
	if requests == 0 || failures > requests || !r.Origin.Summed && (requests != total.Requests() || failures != total.Failures()) {
		t.Errorf("%s: the rounds have %d requests and %d failures, the tally %d and %d", format.Name, requests, failures, total.Requests(), total.Failures())
	}
	if !r.Origin.Summed && seconds > requests {
		t.Errorf("%s: the seconds have %d requests, the rounds %d", format.Name, seconds, requests)
	}
	for _, name := range r.Routes() {
		if !utf8.ValidString(name) || name == "" {
			t.Errorf("%s: a route is named %q", format.Name, name)
		}
	}
}

// A file of one line without an end, of one cell without an end, and of quotes, is refused before it fills the memory.
func TestEndlessFiles(t *testing.T) {
	begins := map[string]string{
		"k6": `{"metric":"http_req_duration","type":"Point","data":"`, "jmeter": "timeStamp,elapsed,label,success\n1767225600000,1,\"", "gatling": "RUN\ta\tb\tc\t",
		"locust": `Type,Name,Request Count,"`, "hey": "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n\"",
		"hlog": "#[Histogram log format version 1.3]\n", "wrk": "Running 1s test @ ", "vegeta": `{"attack":"","latency":1,"url":"`, "ab": "This is ApacheBench ",
	}
	for name, begin := range begins {
		for _, format := range imports.Formats() {
			if format.Name != name {
				continue
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			reader, sink := format.New(), &foreign.Sink{}
			err := reader.Read(&foreign.File{Name: "endless", Reader: io.MultiReader(strings.NewReader(begin), endless{}), Head: []byte(begin + "xxx"), Changed: time.Now()}, sink)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "is longer than 1024 KiB") {
				t.Errorf("%s: got %v", name, err)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
				t.Errorf("%s allocated %d MiB", name, spent>>20)
			}
		}
	}
	for _, name := range []string{"oha", "k6"} { // documents, not lines
		begin := map[string]string{"oha": `{"summary": {"requestsPerSec": 1, "x": "`, "k6": `{"metrics": {"http_req_duration": {"x": "`}[name]
		file := filepath.Join(t.TempDir(), "large.json")
		if err := os.WriteFile(file, []byte(begin+strings.Repeat("x", 33<<20)), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := imports.Read(t.Context(), name, []string{file}, options); err == nil {
			t.Errorf("%s of 33 MB: got %v", name, r)
		}
	}
}

// endless is text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
