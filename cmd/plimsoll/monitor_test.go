package main

import (
	"bytes"
	"encoding/json"
	"expvar"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The pages of a Go service are read without a profile.
func TestMonitorReadsAGoService(t *testing.T) {
	const snapshots = 3 // of its goroutines: the second is over when the third is asked for
	var asked atomic.Int64
	stop := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/debug/vars", expvar.Handler())
	mux.HandleFunc("/debug/pprof/", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == snapshots {
			close(stop)
		}
		pprof.Index(w, r)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	var stdout, stderr bytes.Buffer
	a := &console.Console{Stdout: &stdout, Stderr: &stderr, Env: environ.Of(nil), Stop: stop}
	c := &monitorCmd{Go: server.URL + "/debug", Quiet: true, JSON: true}
	if err := c.Run(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	var w result.Watch
	if err := json.Unmarshal(stdout.Bytes(), &w); err != nil {
		t.Fatal(err)
	}
	if !(w.Mean["system.goroutines"] > 0) {
		t.Errorf("%v, absent %v", w.Mean, w.Absent)
	}
	for _, a := range w.Absent {
		if a.Source == "go vars" || a.Source == "go goroutines" {
			t.Errorf("absent: %v", a)
		}
	}
}
