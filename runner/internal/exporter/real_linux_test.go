package exporter_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
)

// exporterHere starts an exporter of Debian on a free port of loopback, and returns its page.
func exporterHere(t *testing.T, program string, args ...string) (url string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("there is no %s here: apt-get install %s", program, program)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, append(args, "--web.listen-address="+address)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() }) // its status does not matter
	return fmt.Sprintf("http://%s/metrics", address)
}

// figuresOf reads a page until it tells some figures.
func figuresOf(t *testing.T, url string, names ...string) map[string]float64 {
	t.Helper()
	s := exporter.Start(t.Context(), exporter.Config{URL: url, As: "here", Every: 200 * time.Millisecond})
	defer s.Close()
	var why any
	figures := map[string]float64{}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		now, absent := told(s)
		maps.Copy(figures, now)
		why = absent
		told := 0
		for _, name := range names {
			if v, ok := figures[name]; ok && v >= 0 {
				told++
			}
		}
		if told == len(names) {
			return figures
		}
	}
	t.Fatalf("not all of %v are told: %v", names, why)
	return nil
}

// What node_exporter tells of this machine is what this machine is.
func TestRealNodeExporter(t *testing.T) {
	url := exporterHere(t, "prometheus-node-exporter")
	f := figuresOf(t, url, "here.cpu_share", "here.memory_used_bytes", "here.memory_total_bytes", "here.read_bytes_per_sec", "here.net_in_bytes_per_sec", "here.listen_overflows_per_sec")
	if f["here.cpu_share"] > 1 || f["here.memory_used_bytes"] > f["here.memory_total_bytes"] || f["here.cpu_capacity"] < 1 {
		t.Errorf("%v", f)
	}
}

// What process-exporter tells of a program that works is what it does.
func TestRealProcessExporter(t *testing.T) {
	c := exec.Command("sh", "-c", "while :; do :; done")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	url := exporterHere(t, "prometheus-process-exporter", "-procnames", "sh")
	f := figuresOf(t, url, "here.cpu_cores.sh", "here.rss_bytes.sh", "here.threads.sh", "here.open_files.sh")
	if f["here.rss_bytes.sh"] < 1<<18 {
		t.Errorf("%v", f)
	}
}

// TestMain ends the database, if a test has started it.
func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// What postgres_exporter tells of a database is what its sessions do.
func TestRealPostgresExporter(t *testing.T) {
	const program = "prometheus-postgres-exporter"
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("there is no %s here: apt-get install %s", program, program)
	}
	at := pgtest.Database(t)
	t.Setenv("DATA_SOURCE_NAME", at)
	url := exporterHere(t, program)
	before := figuresOf(t, url, "here.pool_in_use", "here.pool_max", "here.read_hit_share")
	config, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		c, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close(context.Background()) }() // the database ends with the test
	}
	after := figuresOf(t, url, "here.pool_in_use", "here.pool_max", "here.read_hit_share")
	if after["here.pool_in_use"] < before["here.pool_in_use"]+5 || after["here.pool_max"] < 20 || after["here.read_hit_share"] > 1 {
		t.Errorf("before %v, after %v", before, after)
	}
}
