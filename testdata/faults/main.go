// Command faults is a service with one known fault, for the tests of what a run's throughput stops at.
//
// Every GET is answered with "ok" once the fault has had its way with it. With -metrics, GET /metrics is a text page of
// Prometheus in the names of Go's client library. node.mjs, python.py and Java.java beside it are such services in other
// languages, with the faults that all of them have: cpu, lock and pool.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// service is what the flags say.
type service struct {
	address    string
	places     int    // of a pool
	downstream string // address of what the fault downstream asks
	database   string // URL of what the fault database asks
	dir        string // in which the fault fsync writes
	figures    func(metric)
}

// metric tells one series of the page.
type metric func(series string, value float64)

// faults makes the handler of each fault.
var faults = map[string]func(*service) (http.HandlerFunc, error){
	"none":       handler(func() {}),
	"cpu":        handler(millisecond),
	"spin":       spinUnderALock,
	"lock":       sleepUnderALock,
	"pool":       pool,
	"wait":       handler(answerTime),
	"downstream": askDownstream,
	"database":   askDatabase,
	"fsync":      syncFiles,
	"garbage":    garbage,
	"backlog":    handler(func() {}),
}

func main() {
	fault := flag.String("fault", "none", "one of "+strings.Join(slices.Sorted(maps.Keys(faults)), ", ")+", and hog, which only uses one core up")
	s := &service{figures: func(metric) {}}
	flag.StringVar(&s.address, "address", "127.0.0.1:8000", "where to listen")
	flag.IntVar(&s.places, "places", 8, "of the faults pool, downstream and database")
	flag.StringVar(&s.downstream, "downstream", "", "where another of these services listens")
	flag.StringVar(&s.database, "database", "", "URL of a PostgreSQL")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "where the fault fsync writes")
	metrics := flag.Bool("metrics", false, "serve /metrics")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, *fault, *metrics); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func (s *service) run(ctx context.Context, fault string, metrics bool) error {
	if fault == "hog" {
		hog(ctx)
		return nil
	}
	prepare, ok := faults[fault]
	if !ok {
		return fmt.Errorf("there is no fault %q", fault)
	}
	handle, err := prepare(s)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", handle)
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	if metrics {
		mux.HandleFunc("GET /metrics", s.page)
	}
	server := &http.Server{Handler: mux}
	if fault == "backlog" {
		server.SetKeepAlivesEnabled(false)
		if listener, err = slowly(listener); err != nil {
			return err
		}
	}
	context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // the program ends
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// hog uses one core up.
func hog(ctx context.Context) {
	for ctx.Err() == nil {
		millisecond()
	}
}

// page writes the figures that Go's client library tells of every process, and those of the fault.
func (s *service) page(w http.ResponseWriter, _ *http.Request) {
	tell := func(series string, value float64) {
		fmt.Fprintf(w, "%s %g\n", series, value)
	}
	fmt.Fprintln(w, "# TYPE go_goroutines gauge")
	tell("go_goroutines", float64(runtime.NumGoroutine()))
	ofRuntime(tell)
	s.figures(tell)
}

// handler makes a handler of work that every request does by itself.
func handler(work func()) func(*service) (http.HandlerFunc, error) {
	return func(*service) (http.HandlerFunc, error) {
		return func(w http.ResponseWriter, _ *http.Request) {
			work()
			fmt.Fprint(w, "ok")
		}, nil
	}
}

// failing answers 500 if work has an error.
func failing(work func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := work(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "ok")
	}
}
