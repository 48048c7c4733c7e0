package foreign_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var tool = foreign.Format{Name: "tool", Tool: "Tool"}

// resultOf is the result of requests, which must be valid.
func resultOf(t *testing.T, requests []foreign.Request) *result.Result {
	t.Helper()
	var sink foreign.Sink
	for i := range requests {
		if err := sink.Request(&requests[i]); err != nil {
			t.Fatal(err)
		}
	}
	return finished(t, &sink)
}

func finished(t *testing.T, sink *foreign.Sink) *result.Result {
	t.Helper()
	r, err := sink.Result(tool, foreign.Identity{Identity: result.Identity{Series: "tool"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Encode(&bytes.Buffer{}, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// load is made-up requests of a length, in the order in which they were sent.
func load(seed uint64, n int, length time.Duration) (all []foreign.Request) {
	random := rand.New(rand.NewPCG(seed, 0))
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	for range n {
		r := foreign.Request{
			Route: fmt.Appendf(nil, "GET /%d", random.IntN(5)), Start: began + random.Int64N(int64(length)),
			Took: time.Duration(1e6 + random.ExpFloat64()*2e7), Class: tally.OK, Bytes: random.Int64N(1000),
		}
		if random.IntN(20) == 0 {
			r.Class, r.Error = tally.Status, fmt.Sprintf("order %d failed", random.IntN(100))
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b foreign.Request) int { return cmp.Compare(a.Start, b.Start) })
	return all
}

// The order of requests does not change the tally. A Tally that counts them one by one is equal to it.
func TestRequestsInAnyOrder(t *testing.T) {
	for _, length := range []time.Duration{300 * time.Millisecond, 7 * time.Second, 90 * time.Second, 3 * time.Hour} {
		sent := load(1, 20_000, length)
		ended := slices.Clone(sent)
		slices.SortFunc(ended, func(a, b foreign.Request) int {
			return cmp.Compare(a.Start+int64(a.Took), b.Start+int64(b.Took))
		})
		mixed := slices.Clone(sent)
		rand.New(rand.NewPCG(2, 0)).Shuffle(len(mixed), func(i, k int) { mixed[i], mixed[k] = mixed[k], mixed[i] })
		backwards := slices.Clone(sent)
		slices.Reverse(backwards)

		var want tally.Tally
		for _, r := range sent {
			due := time.Duration(r.Start - sent[0].Start)
			s := tally.Sample{Route: string(r.Route), Due: due, Sent: due, Ended: due + r.Took, Class: r.Class, BytesReceived: r.Bytes, Error: tally.Kind(r.Error)}
			if s.Error != r.Error {
				s.Example = r.Error
			}
			want.Add(s)
		}
		for name, requests := range map[string][]foreign.Request{"sent": sent, "ended": ended, "mixed": mixed, "backwards": backwards} {
			r := resultOf(t, requests)
			if got, want := asText(t, &r.Tally), asText(t, &want); got != want {
				t.Errorf("%v, as %s: got the tally\n%.300s\nwant\n%.300s", length, name, got, want)
			}
			checkRounds(t, r, sent, length)
			checkTimeline(t, r)
		}
	}
}

func asText(t *testing.T, counts *tally.Tally) string {
	t.Helper()
	var b strings.Builder
	for _, name := range counts.Names() {
		route := counts.Routes[name]
		fmt.Fprintf(&b, "%s %v %d %v %v", name, route.Outcomes, route.BytesReceived, route.Response.Min(), route.Response.Max())
		for _, h := range []*hist.Histogram{&route.Response, &route.Service} {
			for value, n := range h.Each {
				fmt.Fprintf(&b, " %d:%d", value, n)
			}
		}
		for _, text := range slices.Sorted(func(yield func(string) bool) {
			for text := range route.Errors {
				if !yield(text) {
					return
				}
			}
		}) {
			seen := route.Errors[text]
			fmt.Fprintf(&b, " %s %d %v %v", text, seen.Count, seen.First.Round(time.Microsecond), seen.Example)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// checkRounds checks that rounds cover the load without gaps, are about equally long, and hold what was sent in them.
func checkRounds(t *testing.T, r *result.Result, sent []foreign.Request, length time.Duration) {
	t.Helper()
	const want = 6
	if len(r.Rounds) != want || !r.Whole() {
		t.Fatalf("%v: got %d rounds, want %d", length, len(r.Rounds), want)
	}
	at := time.Duration(0)
	for i, round := range r.Rounds {
		if round.Start != at {
			t.Errorf("%v: round %d begins at %v, want %v", length, i, round.Start, at)
		}
		at += round.Length
		if usual := length / want; round.Length < usual/2 || round.Length > usual*2 {
			t.Errorf("%v: round %d takes %v, far from %v", length, i, round.Length, usual)
		}
		n := int64(0)
		for _, one := range sent {
			if due := time.Duration(one.Start - sent[0].Start); due >= round.Start && (due < at || i+1 == len(r.Rounds)) {
				n++
			}
		}
		if round.Total.Requests != n {
			t.Errorf("%v: round %d has %d requests, want %d", length, i, round.Total.Requests, n)
		}
	}
}

// A last request that hangs makes the last round no longer.
func TestLastRequestHangs(t *testing.T) {
	all := load(3, 6000, 6*time.Second)
	all[len(all)-1].Took = time.Minute
	r := resultOf(t, all)
	if last := r.Rounds[5]; last.Length > 2*time.Second {
		t.Errorf("the last round takes %v", last.Length)
	}
	if span := r.Finished.Sub(r.Started); span < time.Minute {
		t.Errorf("it lasts %v", span)
	}
}

// Ids in names become {id}, also in the requests counted before; the number of routes stays bounded.
func TestManyNames(t *testing.T) {
	var sink foreign.Sink
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	n := 5_000_000 // of two kinds each: ten million names
	if testing.Short() {
		n = 50_000
	}
	var name []byte
	for i := range n {
		for _, form := range []string{"GET /items/%d", "GET /users/u%08x?page=%[1]d"} {
			name = fmt.Appendf(name[:0], form, i)
			r := foreign.Request{Route: name, Start: began + int64(i)*1e6, Took: time.Millisecond, Class: tally.OK}
			if err := sink.Request(&r); err != nil {
				t.Fatal(err)
			}
		}
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 100<<20 {
		t.Errorf("after %d names %d MiB are in use", 2*n, memory.HeapAlloc>>20)
	}
	r := finished(t, &sink)
	if got, want := fmt.Sprint(r.Routes()), "[GET /items/{id} GET /users/{id}]"; got != want {
		t.Errorf("got the routes %s, want %s", got, want)
	}
	for name, route := range r.Tally.Routes {
		if route.Requests() != int64(n) {
			t.Errorf("%s has %d requests, want %d", name, route.Requests(), n)
		}
	}
	checkNote(t, r, `"GET /items/0" is counted as "GET /items/{id}"`)
}

// Names in which nothing looks like an id are counted together past a limit.
func TestManyRoutes(t *testing.T) {
	var sink foreign.Sink
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	letters := func(i int) string {
		text := ""
		for ; i > 0; i /= 26 {
			text += string(rune('a' + i%26))
		}
		return text
	}
	for i := range 10_000 {
		r := foreign.Request{Route: []byte("GET /" + letters(i)), Start: began + int64(i)*1e6, Took: time.Millisecond, Class: tally.OK}
		if err := sink.Request(&r); err != nil {
			t.Fatal(err)
		}
	}
	r := finished(t, &sink)
	if len(r.Routes()) > 501 || r.Tally.Routes["other routes"].Requests() < 9000 || r.Tally.Total().Requests() != 10_000 {
		t.Errorf("got %d routes, %d requests of others, %d in all", len(r.Routes()), r.Tally.Routes["other routes"].Requests(), r.Tally.Total().Requests())
	}
	checkNote(t, r, "more than 500 routes")
}

func checkNote(t *testing.T, r *result.Result, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(r.Notes, "\n"), want) {
		t.Errorf("no note says %q:\n%s", want, strings.Join(r.Notes, "\n"))
	}
}

// Names that no Result takes become such that it does, and stay apart.
func TestOddNames(t *testing.T) {
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	long := strings.Repeat("ü", 5000)
	var all []foreign.Request
	for _, name := range []string{"", "*", "a\x00b", "\xff\xfe", long, long + "x", " spaced ", strings.Repeat("/a", 5000)} {
		all = append(all, foreign.Request{Route: []byte(name), Start: began, Took: time.Millisecond, Class: tally.OK})
	}
	r := resultOf(t, all)
	if len(r.Routes()) != len(all) {
		t.Errorf("%d names became the routes %q", len(all), r.Routes())
	}
}

func TestImpossibleRequests(t *testing.T) {
	now := time.Now().UnixNano()
	for want, r := range map[string]foreign.Request{
		"is negative":      {Start: now, Took: -time.Millisecond},
		"more than a year": {Start: now, Took: 400 * 24 * time.Hour},
		"the years 1970":   {Start: -1},
		"years 1970":       {Start: time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()},
		"-3 users":         {Start: now, Users: -3},
		"-1 bytes":         {Start: now, Bytes: -1},
	} {
		var sink foreign.Sink
		if err := sink.Request(&r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error with %q", r, err, want)
		}
	}
	var apart foreign.Sink
	for _, year := range []int{1990, 2026} {
		r := foreign.Request{Route: []byte("a"), Start: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), Class: tally.OK}
		if err := apart.Request(&r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := apart.Result(tool, foreign.Identity{}); err == nil || !strings.Contains(err.Error(), "more than a year is no load") {
		t.Errorf("requests of two decades: got %v", err)
	}
	var empty foreign.Sink
	if _, err := empty.Result(tool, foreign.Identity{}); err == nil || !strings.Contains(err.Error(), "no request") {
		t.Errorf("no request: got %v", err)
	}
}

// Sums become one round without histograms, which a Result says and its readers accept.
func TestSums(t *testing.T) {
	var sink foreign.Sink
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	of := foreign.Sums{Requests: 1000, Failures: 10, P50: 5 * time.Millisecond, P95: 20 * time.Millisecond, Errors: map[string]int64{"status 503": 10}}
	for _, err := range []error{sink.Route([]byte("GET /a"), of), sink.Lasted(began, 10*time.Second)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := finished(t, &sink)
	want := result.Figures{Requests: 1000, Failures: 10, P50: 5 * time.Millisecond, P95: 20 * time.Millisecond, Throughput: 99}
	if got := r.Summary().Figures[tally.All]; got != want || !r.Origin.Summed || !r.Whole() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	checkNote(t, r, "it does not tell p99")
	checkNote(t, r, "no histograms")
	if r.Tally.Routes["GET /a"].Errors["status 503"].Count != 10 {
		t.Errorf("got the errors %v", r.Tally.Routes["GET /a"].Errors)
	}

	for want, of := range map[string]foreign.Sums{
		"more than all": {Requests: 1, Failures: 2}, "must grow": {Requests: 9, P50: time.Second, P99: time.Millisecond}, "negative": {Requests: -1},
	} {
		var sink foreign.Sink
		if err := sink.Route([]byte("a"), of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", of, err, want)
		}
	}
	if err := sink.Request(&foreign.Request{Start: 1, Class: tally.OK}); err == nil || !strings.Contains(err.Error(), "two kinds") {
		t.Errorf("a request after sums: got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	var a foreign.Addresses
	for _, c := range [][3]string{
		{"GET", "http://user:secret@shop:8080/items/1?x=2", "GET /items/1?x=2"},
		{"GET", "http://shop:8080", "GET /"},
		{"GET", "http://shop:8080?x", "GET /?x"},
		{"POST", "https://other/login", "POST https://other/login"},
		{"GET", "login", "login"},
		{"", "/a", "/a"},
		{"GET", "", ""},
	} {
		if got := string(a.Route([]byte(c[0]), []byte(c[1]))); got != c[2] {
			t.Errorf("%s %s is the route %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if a.Target != "http://shop:8080" {
		t.Errorf("got the target %q", a.Target)
	}
}

func BenchmarkRequest(b *testing.B) {
	all := load(1, 100_000, 10*time.Minute)
	var sink foreign.Sink
	b.ReportAllocs()
	for i := range b.N {
		if err := sink.Request(&all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
