package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the fault database
)

// answerTime is how long a request waits that does nothing else.
func answerTime() { time.Sleep(20 * time.Millisecond) }

// sum keeps the work from being left out by the compiler.
var sum [64]struct {
	x uint64
	_ [56]byte
}

// work computes: about a nanosecond for each turn.
func work(turns int) {
	x := uint64(turns) | 1
	for range turns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sum[x%64].x++
}

// millisecond is about one of CPU.
func millisecond() { work(600_000) }

func spinUnderALock(*service) (http.HandlerFunc, error) {
	var mu sync.Mutex
	return handler(func() {
		mu.Lock()
		defer mu.Unlock()
		work(350_000)
	})(nil)
}

func sleepUnderALock(*service) (http.HandlerFunc, error) {
	var mu sync.Mutex
	return handler(func() {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(2 * time.Millisecond)
	})(nil)
}

func pool(s *service) (http.HandlerFunc, error) {
	places := make(chan struct{}, s.places)
	return handler(func() {
		places <- struct{}{}
		defer func() { <-places }()
		answerTime()
	})(nil)
}

// askDownstream asks another service, over as many connections as the pool has places.
func askDownstream(s *service) (http.HandlerFunc, error) {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: s.places, MaxIdleConnsPerHost: s.places}}
	return failing(func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.downstream+"/", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close() //nolint:errcheck // it was read
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}), nil
}

// askDatabase asks a PostgreSQL, with a pool of connections.
func askDatabase(s *service) (http.HandlerFunc, error) {
	db, err := sql.Open("pgx", s.database)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(s.places)
	db.SetMaxIdleConns(s.places)
	s.figures = func(tell metric) {
		stats := db.Stats()
		tell(`go_sql_max_open_connections{db_name="shop"}`, float64(stats.MaxOpenConnections))
		tell(`go_sql_in_use_connections{db_name="shop"}`, float64(stats.InUse))
		tell(`go_sql_wait_duration_seconds_total{db_name="shop"}`, stats.WaitDuration.Seconds())
	}
	return failing(func(ctx context.Context) error {
		var one int
		return db.QueryRowContext(ctx, "SELECT 1 FROM pg_sleep(0.02)").Scan(&one)
	}), nil
}

// syncFiles writes 64 KB to a file of its own for each request, and waits until the disk has it.
func syncFiles(s *service) (http.HandlerFunc, error) {
	dir, err := os.MkdirTemp(s.dir, "faults-*")
	if err != nil {
		return nil, err
	}
	content := make([]byte, 64<<10)
	return failing(func(context.Context) error {
		f, err := os.CreateTemp(dir, "")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name()) //nolint:errcheck // the test removes the directory
		defer f.Close()           //nolint:errcheck // Sync has told what matters
		if _, err := f.Write(content); err != nil {
			return err
		}
		return f.Sync()
	}), nil
}

// node is a piece of a heap that the collector has to walk through.
type node struct {
	next *node
	_    [6]uint64
}

// garbage makes much of it beside a heap that stays, with a collector that runs ten times as often as usual.
func garbage(*service) (http.HandlerFunc, error) {
	debug.SetGCPercent(10)
	var kept *node
	for range 300_000 {
		kept = &node{next: kept}
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		var mine *node
		for range 3_000 {
			mine = &node{next: mine}
		}
		if kept != nil && mine.next != nil {
			fmt.Fprint(w, "ok")
		}
	}, nil
}

// ofRuntime tells the figures of Go's runtime, by the names of Go's client library.
func ofRuntime(tell metric) {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/total:cpu-seconds"}}
	metrics.Read(samples)
	tell("go_cpu_classes_gc_total_cpu_seconds_total", samples[0].Value.Float64())
	tell("go_cpu_classes_total_cpu_seconds_total", samples[1].Value.Float64())
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	tell("go_gc_duration_seconds_sum", stats.PauseTotal.Seconds())
}

// slowListener takes 2 ms to accept a connection.
type slowListener struct{ net.Listener }

func (l slowListener) Accept() (net.Conn, error) {
	time.Sleep(2 * time.Millisecond)
	return l.Listener.Accept()
}

// slowly makes a listener that accepts slowly and lets only four connections wait.
func slowly(l net.Listener) (net.Listener, error) {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return nil, err
	}
	var again error
	if err := raw.Control(func(fd uintptr) { again = syscall.Listen(int(fd), 4) }); err != nil { // changes the backlog of a socket that listens
		return nil, err
	}
	return slowListener{l}, again
}
