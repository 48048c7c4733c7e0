package runner_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// badPages serves pages of Prometheus that are good, fail, hang, never end, lie, start anew and stop.
func badPages(t *testing.T) (url string) {
	t.Helper()
	since := sync.OnceValue(time.Now) // the first page
	mux := http.NewServeMux()
	page := func(name string, text func(seconds float64) string) {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, text(time.Since(since()).Seconds())) // its reader may have gone
		})
	}
	page("well", func(s float64) string {
		return fmt.Sprintf("process_cpu_seconds_total %g\nprocess_resident_memory_bytes 5e6\n", s/2)
	})
	var fell atomic.Int64
	page("lies", func(float64) string {
		return fmt.Sprintf("# TYPE served counter\nserved %d\n# TYPE process_resident_memory_bytes histogram\nprocess_resident_memory_bytes 5e6\n", -fell.Add(1))
	})
	page("restarts", func(s float64) string {
		if s < 1.5 {
			return fmt.Sprintf("process_start_time_seconds 1000\nprocess_cpu_seconds_total %g\n", 5000+s/2)
		}
		return fmt.Sprintf("process_start_time_seconds 2000\nprocess_cpu_seconds_total %g\n", s/2)
	})
	mux.HandleFunc("GET /fails", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "sorry", http.StatusInternalServerError) })
	mux.HandleFunc("GET /hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) {
		for block := strings.Repeat("series 1\n", 10_000); ; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("GET /stops", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "process_resident_memory_bytes 5e6\n") // as above
		if time.Since(since()) > 1500*time.Millisecond {
			panic(http.ErrAbortHandler)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// Pages that fail, hang, never end, lie, start anew or stop change nothing of the run. What they did not tell is named.
func TestBadPagesDoNotDisturb(t *testing.T) {
	target, _, _ := counting(t)
	url := badPages(t)
	want := map[string]string{ // what is said of each page; empty for nothing
		"well": "", "restarts": "", "fails": "it answers 500", "hangs": "no page within 2s", "long": "its page is larger than 4 MiB",
		"lies": "served should only grow, but it fell", "stops": "",
	}
	words := strings.Replace(short, "run_time: 600ms", "run_time: 4s", 1) + "\nmonitor:\n  every: 200ms\n  prometheus:\n"
	for name := range want {
		words += fmt.Sprintf("    - {url: \"%s/%s\", as: %s, keep: [served]}\n", url, name, name)
	}
	r, err := runner.Run(t.Context(), sideOf(t, "", target, words), runner.Config{})
	if err != nil || !whole(r) {
		t.Fatalf("%v, %+v", err, r)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	said := map[string][]string{}
	for _, a := range r.Watch.Absent {
		name, _, _ := strings.Cut(a.Source, " ") // of the page; a kind may follow
		said[name] = append(said[name], a.Why)
	}
	for name, text := range want {
		if text != "" && !slices.ContainsFunc(said[name], func(why string) bool { return strings.Contains(why, text) }) {
			t.Errorf("%s: %q, want %q", name, said[name], text)
		}
	}
	if len(said["stops"]) == 0 {
		t.Error("nobody says that a page has stopped")
	}
	mean := func(name string) float64 { return r.Watch.Mean[name] }
	if cpu := mean("well.cpu_cores"); cpu < 0.2 || cpu > 1 || mean("well.rss_bytes") != 5e6 {
		t.Errorf("a good page beside bad ones: %g cores, %g bytes", cpu, mean("well.rss_bytes"))
	}
	if cpu := mean("restarts.cpu_cores"); cpu < 0.2 || cpu > 1 || r.Watch.Peak["restarts.restarts"] != 1 {
		t.Errorf("a restart: %g cores, %g restarts", cpu, r.Watch.Peak["restarts.restarts"])
	}
	for name := range r.Watch.Mean {
		for _, silent := range []string{"fails.", "hangs.", "long."} {
			if strings.HasPrefix(name, silent) {
				t.Errorf("%s was read", name)
			}
		}
	}
	if _, rate := r.Watch.Mean["lies.served_per_sec"]; rate {
		t.Errorf("a counter that only falls has a rate: %g", mean("lies.served_per_sec"))
	}
	if last := r.Rounds[len(r.Rounds)-1].Readings; last["stops.rss_bytes"] != 0 || r.Rounds[0].Readings["stops.rss_bytes"] != 5e6 {
		t.Errorf("a page that stopped: %g in the first round, %g in the last", r.Rounds[0].Readings["stops.rss_bytes"], last["stops.rss_bytes"])
	}
}
