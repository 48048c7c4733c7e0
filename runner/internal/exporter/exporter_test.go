package exporter_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// pipes is a network of its own, so that time in tests can be virtual.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// watch lets a source read pages of a handler for some seconds of virtual time, and calls each after each second.
func watch(t *testing.T, handler http.HandlerFunc, config exporter.Config, seconds int, each func(second int, s *exporter.Source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, end := serve(t, handler, config)
		for i := range seconds {
			time.Sleep(time.Second - time.Millisecond) // a page is a millisecond old when it is read
			synctest.Wait()
			each(i, s)
			time.Sleep(time.Millisecond)
		}
		s.Close()
		end()
	})
}

// serve starts a source of pages of a handler. After the source is closed, end ends the handler.
func serve(t *testing.T, handler http.HandlerFunc, config exporter.Config) (s *exporter.Source, end func()) {
	t.Helper()
	network := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: handler}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(network) }() // it ends with Close
	config.URL, config.Dial = "http://exporter/metrics", network.dial
	if config.As == "" {
		config.As = "app"
	}
	return exporter.Start(t.Context(), config), func() { server.Close(); <-served }
}

// pages answers with one page after the other, and with the last one from then on.
func pages(pages ...string) http.HandlerFunc {
	next := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, pages[min(next, len(pages)-1)]) // the client may have gone
		next++
	}
}

// readings returns what a source tells after as many pages.
func readings(t *testing.T, config exporter.Config, texts ...string) (figures map[string]float64, absent []result.Absent) {
	t.Helper()
	watch(t, pages(texts...), config, len(texts), func(_ int, s *exporter.Source) { figures, absent = told(s) })
	return figures, absent
}

// told is all that a source tells now, with amounts as rates.
func told(s *exporter.Source) (figures map[string]float64, absent []result.Absent) {
	figures, _, absent = s.Read(time.Now())
	if figures == nil {
		figures = map[string]float64{}
	}
	s.Counted(func(name string, amount, of, _ float64) { figures[name] = amount / of })
	return figures, absent
}

func TestRealPages(t *testing.T) {
	for _, name := range []string{"node_exporter-1.5.0", "postgres_exporter-0.11.1", "process-exporter-0.7.10"} {
		t.Run(name, func(t *testing.T) {
			figures, absent := readings(t, exporter.Config{As: "db-host"}, page(t, name+".1.prom"), page(t, name+".2.prom"))
			if len(absent) > 0 {
				t.Errorf("absent: %v", absent)
			}
			for name, v := range figures { // the last digits differ from processor to processor
				figures[name], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64)
			}
			got, err := json.MarshalIndent(figures, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := page(t, name+".golden.json"); string(got)+"\n" != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKnownNames(t *testing.T) {
	for name, c := range map[string]struct{ first, second, want string }{
		"client library": {
			"process_cpu_seconds_total 10\nprocess_start_time_seconds 1700000000\n",
			"process_cpu_seconds_total 10.5\nprocess_start_time_seconds 1700000000\nprocess_resident_memory_bytes 1024\nprocess_open_fds 10\nprocess_max_fds 40\n",
			`{"app.cpu_cores":0.5,"app.open_files":10,"app.open_files_share":0.25,"app.restarts":0,"app.rss_bytes":1024}`},
		"Go": {
			"go_gc_duration_seconds_sum 1\ngo_goroutines 7\n",
			"go_gc_duration_seconds_sum 1.25\ngo_goroutines 8\ngo_threads 5\ngo_memstats_next_gc_bytes 300\ngo_gc_gogc_percent 50\n",
			`{"app.gc_pause_share":0.25,"app.goroutines":8,"app.live_heap_bytes":200,"app.threads":5}`},
		"Go without its GOGC": {"go_goroutines 1\n", "go_memstats_next_gc_bytes 300\n", `{"app.live_heap_bytes":150}`},
		"Go that collects no garbage": {
			"go_goroutines 1\n", "go_goroutines 1\ngo_memstats_next_gc_bytes 300\ngo_gc_gogc_percent -1\n", `{"app.goroutines":1}`},
		"Go's CPU of the collector": {
			"go_cpu_classes_gc_total_cpu_seconds_total 1\ngo_cpu_classes_total_cpu_seconds_total 10\n",
			"go_cpu_classes_gc_total_cpu_seconds_total 1.5\ngo_cpu_classes_total_cpu_seconds_total 12\n", `{"app.gc_cpu_share":0.25}`},
		"JVM": {
			`jvm_gc_pause_seconds_sum{action="minor"} 1` + "\n" + `jvm_gc_pause_seconds_sum{action="major"} 2` + "\n",
			`jvm_gc_pause_seconds_sum{action="minor"} 1.25` + "\n" + `jvm_gc_pause_seconds_sum{action="major"} 2.25` + "\njvm_gc_live_data_size_bytes 5e6\njvm_threads_live_threads 30\nprocess_files_open_files 3\n",
			`{"app.gc_pause_share":0.5,"app.live_heap_bytes":5000000,"app.open_files":3,"app.threads":30}`},
		"Node": {
			`nodejs_gc_duration_seconds_sum{kind="minor"} 0` + "\n", `nodejs_gc_duration_seconds_sum{kind="minor"} 0.125` + "\nnodejs_eventloop_lag_seconds 0.5\nnodejs_eventloop_lag_p99_seconds 0.25\n",
			`{"app.event_loop_lag_seconds":0.25,"app.gc_pause_share":0.125}`},
		"database/sql": {
			`go_sql_wait_duration_seconds_total{db_name="shop"} 1` + "\n",
			`go_sql_wait_duration_seconds_total{db_name="shop"} 9` + "\n" + `go_sql_in_use_connections{db_name="shop"} 4` + "\n" + `go_sql_max_open_connections{db_name="shop"} 4` + "\n",
			`{"app.pool_in_use.shop":4,"app.pool_max.shop":4,"app.pool_wait_seconds_per_sec.shop":8}`},
		"database/sql without a limit": {"go_goroutines 1\n", `go_sql_in_use_connections{db_name="a"} 4` + "\n" + `go_sql_max_open_connections{db_name="a"} 0` + "\n", `{"app.pool_in_use.a":4}`},
		"HikariCP and Tomcat": {
			"go_goroutines 1\n",
			`hikaricp_connections_active{pool="Pool-1",} 10.0` + "\n" + `hikaricp_connections_max{pool="Pool-1",} 10.0` + "\n" + `hikaricp_connections_pending{pool="Pool-1",} 3.0` + "\n" +
				`tomcat_threads_busy_threads{name="http-nio-8080"} 200` + "\n" + `tomcat_threads_config_max_threads{name="http-nio-8080"} 200` + "\n",
			`{"app.pool_in_use.Pool-1":10,"app.pool_in_use.http-nio-8080":200,"app.pool_max.Pool-1":10,"app.pool_max.http-nio-8080":200,"app.pool_pending.Pool-1":3}`},
		"cAdvisor": {
			cadvisor(100, 1000, 10, 1_700_000_000_000), cadvisor(130, 1100, 35, 1_700_000_020_000),
			`{"app.cpu_cores.api":1.5,"app.memory_bytes.api":2048,"app.memory_limit_bytes.api":4096,"app.quota_cores.api":0.5,"app.throttled_share.api":0.25}`},
		"cAdvisor that has not counted anew": {
			cadvisor(100, 1000, 10, 1_700_000_000_000), cadvisor(100, 1000, 10, 1_700_000_000_000), `{"app.memory_bytes.api":2048,"app.memory_limit_bytes.api":4096,"app.quota_cores.api":0.5}`},
		"dcgm-exporter": {
			"go_goroutines 1\n",
			`DCGM_FI_DEV_GPU_UTIL{gpu="0"} 50` + "\n" + `DCGM_FI_DEV_FB_USED{gpu="0"} 1` + "\n" + `DCGM_FI_DEV_FB_FREE{gpu="0"} 3` + "\n" + `DCGM_FI_DEV_POWER_USAGE{gpu="0"} 99.5` + "\ngo_goroutines 3\n",
			`{"app.gpu.0.busy_share":0.5,"app.gpu.0.memory_total_bytes":4194304,"app.gpu.0.memory_used_bytes":1048576,"app.gpu.0.power_watts":99.5}`},
		"a card that MIG has split": {
			"go_goroutines 1\n",
			`DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",GPU_I_ID="1"} 0.75` + "\n" + `DCGM_FI_DEV_FB_USED{gpu="0",GPU_I_ID="1"} 1` + "\n",
			`{"app.gpu.0.1.busy_share":0.75,"app.gpu.0.memory_used_bytes":1048576}`},
	} {
		t.Run(name, func(t *testing.T) {
			figures, absent := readings(t, exporter.Config{}, c.first, c.second)
			if got := text(t, figures); got != c.want || len(absent) > 0 {
				t.Errorf("got %s, %v\nwant %s", got, absent, c.want)
			}
		})
	}
}

func cadvisor(cpu, periods, throttled float64, at int64) string {
	of := `{id="/docker/1",name="api"}`
	return fmt.Sprintf(`container_cpu_usage_seconds_total{cpu="total",id="/docker/1",name="api"} %g %d
container_cpu_cfs_periods_total%s %g %d
container_cpu_cfs_throttled_periods_total%s %g %d
container_memory_working_set_bytes%s 2048 %d
container_spec_memory_limit_bytes%s 4096
container_spec_cpu_quota%s 50000
container_spec_cpu_period%s 100000
process_cpu_seconds_total %g
`, cpu, at, of, periods, at, of, throttled, at, of, at, of, of, of, cpu)
}

// text returns figures as JSON, which has them in order.
func text(t *testing.T, figures map[string]float64) string {
	t.Helper()
	text, err := json.Marshal(figures)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRestart(t *testing.T) {
	life := func(started, cpu float64) string {
		return fmt.Sprintf("process_start_time_seconds %g\nprocess_cpu_seconds_total %g\n", started, cpu)
	}
	want := []string{
		`{"app.restarts":0}`, `{"app.cpu_cores":2,"app.restarts":0}`,
		`{"app.restarts":1}`, // and 50 seconds of CPU time since nobody knows when
		`{"app.cpu_cores":1,"app.restarts":1}`,
	}
	watch(t, pages(life(1000, 10), life(1000.5, 12), life(2000, 50), life(2000, 51)), exporter.Config{}, len(want), func(i int, s *exporter.Source) {
		figures, _ := told(s)
		if got := text(t, figures); got != want[i] {
			t.Errorf("page %d: got %s, want %s", i, got, want[i])
		}
	})
}

func TestTypesThatLie(t *testing.T) {
	var texts []string
	for i := range 12 {
		texts = append(texts, fmt.Sprintf("# TYPE depth counter\ndepth %d\n", 10-9*(i%2)))
	}
	figures, absent := readings(t, exporter.Config{Keep: []string{"depth"}}, texts...)
	if len(figures) > 0 || len(absent) != 1 || !strings.Contains(absent[0].Why, "depth should only grow, but it fell 6 times") {
		t.Errorf("got %v, %v", figures, absent)
	}
}

func TestKeep(t *testing.T) {
	const kept = "# TYPE queue_depth gauge\n" + `queue_depth{queue="mail \"x\""} 3` + "\n# TYPE jobs counter\njobs_total %d\n# TYPE took histogram\n" +
		`took_bucket{le="1"} 9` + "\ntook_sum %d\ntook_count 4\nuntold_total %d\nother 1\n"
	figures, absent := readings(t, exporter.Config{Keep: []string{"queue_*", "jobs_total", "took*", "untold_total", "nothing"}},
		fmt.Sprintf(kept, 5, 1, 1), fmt.Sprintf(kept, 9, 3, 2))
	const want = `{"app.jobs_total_per_sec":4,"app.queue_depth{queue=\"mail \\\"x\\\"\"}":3,"app.took_count_per_sec":0,"app.took_sum_per_sec":2,"app.untold_total_per_sec":1}`
	if got := text(t, figures); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if len(absent) != 1 || absent[0] != (result.Absent{Source: "app keep", Why: `its page has nothing that fits "nothing"`}) {
		t.Errorf("absent: %v", absent)
	}
}

func TestBadLineCostsThatLine(t *testing.T) {
	figures, absent := readings(t, exporter.Config{}, "go_threads many\ngo_goroutines 5\n")
	if figures["app.goroutines"] != 5 || len(absent) != 1 || absent[0].Why != `1 bad lines of its page are left out, the first: line 1: "many" is no number` {
		t.Errorf("got %v, %v", figures, absent)
	}
}
