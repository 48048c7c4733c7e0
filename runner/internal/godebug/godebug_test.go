package godebug_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner/internal/godebug"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// service starts the test binary as a service, and ends it with the test.
func service(t testing.TB, environ ...string) (address string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), asService+"=1"), environ...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// load has a page asked for by so many clients until the test ends.
func load(t testing.TB, address, path string, clients int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
				if err != nil {
					return
				}
				answer, err := client.Do(request)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
		})
	}
	t.Cleanup(func() { cancel(); all.Wait(); client.CloseIdleConnections() })
}

func start(t testing.TB, url string) *godebug.Source {
	t.Helper()
	s, err := godebug.Start(godebug.Config{URL: url, Subject: result.OfSystem})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// at is a line of service_test.go that ends in a comment.
func at(t *testing.T, comment string) string {
	t.Helper()
	text, err := os.ReadFile("service_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, "// "+comment) {
			return fmt.Sprintf("system.waiting.godebug/service_test.go:%d", i+1)
		}
	}
	t.Fatalf("no line %s", comment)
	return ""
}

// Most of 64 clients wait at one line. The readings name that line and the function they wait in, and a rule of
// gate/bottleneck finds it. Goroutines that work, sleep or wait for another service have no place.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		path, comment, in string
		least             float64
		kind              bottleneck.Kind
	}{
		{"/lock", "lock", "sync.(*Mutex).Lock", 40, bottleneck.Lock},
		{"/shared", "shared", "sync.(*Mutex).Lock", 40, bottleneck.Lock},
		{"/pool", "pool", "a channel", 40, bottleneck.Pool},
		{"/transport", "transport", "net/http.(*Transport).getConn", 40, bottleneck.Pool},
		{"/downstream", "", "", 0, bottleneck.Waiting},
		{"/sleep", "", "", 0, bottleneck.Waiting},
		{"/parts", "", "", 0, bottleneck.Waiting},
		{"/spin", "", "", 0, bottleneck.Waiting},
	} {
		t.Run(c.path, func(t *testing.T) {
			address := service(t)
			load(t, address, c.path, 64)
			s := start(t, "http://"+address+"/debug")
			name, now := "", time.Now()
			if c.comment != "" {
				name = at(t, c.comment)
			}
			sums, facts := map[string]float64{}, map[string]string{}
			snapshots := 0.0
			for deadline := now.Add(time.Minute); snapshots < 10; time.Sleep(20 * time.Millisecond) {
				figures, texts, absent := s.Read(now)
				now = now.Add(time.Minute) // a snapshot is due
				maps.Copy(facts, texts)
				if figures["system.goroutines"] > 230 && figures[name] >= c.least { // the clients are at work
					snapshots++
					for other, n := range figures {
						sums[other] += n
					}
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s: %v, absent %v", name, figures, absent)
				}
			}
			if facts[name] != c.in {
				t.Errorf("they wait in %q, want %q", facts[name], c.in)
			}
			means := map[string]float64{}
			for other, sum := range sums {
				means[other] = sum / snapshots
				if strings.HasPrefix(other, "system.waiting.") && other != name && means[other] > 16 {
					t.Errorf("%g wait at %s, in %s", means[other], other, facts[other])
				}
			}
			found := bottleneck.FindIn(flatAt8(means), facts)
			if found.Kind != c.kind || name != "" && "system.waiting."+found.What != name {
				t.Errorf("%+v", found)
			}
		})
	}
}

// flatAt8 is a search whose throughput stops at about 8 at a time, with readings at its end.
func flatAt8(readings map[string]float64) (steps []bottleneck.Step) {
	for users, throughput := 1.0, 50.0; users <= 64; users *= 2 {
		step := bottleneck.Step{Load: users, Length: 2 * time.Second, Throughput: min(throughput*users, 380), Readings: map[string]float64{
			"system.cpu_share": 0.04, "system.cpu_cores": 0.04, "system.cpu_capacity": 1, "system.run_delay_cores": 0.1, "system.blocked_threads": 0, "machine.pressure_io_share": 0,
		}}
		step.Response = users / step.Throughput
		maps.Copy(step.Readings, readings)
		steps = append(steps, step)
	}
	return steps
}

// A place at which nobody waits any more is 0, and not missing.
func TestPlaceIsLeft(t *testing.T) {
	address := service(t)
	s := start(t, "http://"+address+"/debug")
	name, now := at(t, "pool"), time.Now()
	t.Run("under load", func(t *testing.T) {
		load(t, address, "/pool", 64)
		for deadline := now.Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			figures, _, _ := s.Read(now)
			if now = now.Add(time.Minute); figures[name] > 10 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal(figures)
			}
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		figures, _, _ := s.Read(now)
		now = now.Add(time.Minute)
		if n, known := figures[name]; known && n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(figures)
		}
	}
}

// Garbage is told as a share of the CPU time since the last reading, not since the start.
func TestGarbage(t *testing.T) {
	address := service(t, "GOGC=10")
	s := start(t, "http://"+address+"/debug")
	idle := map[string]float64{}
	began := time.Now()
	for i := range 3 {
		idle, _, _ = s.Read(began.Add(time.Duration(i) * time.Minute))
		time.Sleep(100 * time.Millisecond)
	}
	if share, told := idle["system.gc_cpu_share"]; !told || share > 0.05 {
		t.Errorf("idle: %v", idle)
	}
	load(t, address, "/garbage", 8)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		figures, _, absent := s.Read(time.Now())
		if share := figures["system.gc_cpu_share"]; share > 0.05 && share <= 1 && figures["system.gc_pause_share"] > 0 && figures["system.live_heap_bytes"] > 1<<20 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(figures, absent)
		}
	}
}

// What is no page of a Go service is told in words, and asked for less often. Nothing is made up.
func TestTrouble(t *testing.T) {
	for _, c := range []struct {
		what    string
		handler http.HandlerFunc
		vars    string
		stacks  string
	}{
		{"not there", http.NotFound, "it answers 404", "it answers 404"},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "it answers 500", "it answers 500"},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body>Sign in") }, "it is no page of expvar, with memstats", "it is no page of pprof"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
			"it redirects, and redirects are not followed", "it redirects, and redirects are not followed"},
		{"without end", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, "its page is larger than 4 MiB", "its page is larger than 4 MiB"},
		{"it hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no page within 2s", "no page within 2s"},
		{"lies", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"memstats": {"NumGC": -1}}`)
		}, "it is no page of expvar, with memstats", "it is no page of pprof"},
		{"other JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[1]`) }, "it is no page of expvar, with memstats", "it is no page of pprof"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			asked := make(chan bool, 100)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- true
				c.handler(w, r)
			}))
			defer server.Close()
			s := start(t, server.URL+"/debug")
			began := time.Now()
			figures, _, absent := s.Read(began)
			want := []result.Absent{{Source: "go vars", Why: c.vars}, {Source: "go goroutines", Why: c.stacks}}
			if len(figures) != 0 || !slices.Equal(absent, want) {
				t.Errorf("%v, %v", figures, absent)
			}
			s.Read(began.Add(time.Second))
			if len(asked) != 2 {
				t.Errorf("asked %d times", len(asked))
			}
			if s.Read(began.Add(time.Minute)); len(asked) != 4 {
				t.Errorf("asked %d times", len(asked))
			}
		})
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, _, absent := start(t, gone.URL).Read(time.Now()); len(absent) != 2 || absent[0].Why != "it refuses the connection" {
		t.Errorf("%v", absent)
	}
}

// BenchmarkRead takes a snapshot of 64 waiting requests and 200 idle goroutines each time.
func BenchmarkRead(b *testing.B) {
	address := service(b)
	load(b, address, "/pool", 64)
	s := start(b, "http://"+address+"/debug")
	now := time.Now()
	for b.Loop() {
		s.Read(now)
		now = now.Add(time.Minute)
	}
}
