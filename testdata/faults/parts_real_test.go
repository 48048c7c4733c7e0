//go:build real

package main_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// TestRealDatabase loads a service whose pool has four connections to a PostgreSQL. The pool is found by the connections,
// beside what the database's exporter tells, and by name where the service tells it.
func TestRealDatabase(t *testing.T) {
	database := pgtest.Database(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	command := built(t) + " -address 127.0.0.1:${port} -fault database -places 4 -database '" + database + "'"
	waiting := right{bottleneck.Waiting, bottleneck.Inferred, u.Host, 2.8, 5.7}
	t.Run("by connections", func(t *testing.T) {
		trial{command: command, users: doubling, each: 2 * time.Second}.mustFind(t, waiting)
	})
	t.Run("by its exporter", func(t *testing.T) {
		page := exporterOf(t, database)
		r := trial{command: command, users: doubling, each: 2 * time.Second,
			words: fmt.Sprintf("monitor: {every: 500ms, prometheus: [{url: %q, as: db}]}", page)}.mustFind(t, waiting)
		if n, ok := bottleneck.Find(r)[0].Number("db.running_queries"); !ok || n < 3 || n > 6 {
			t.Errorf("%g queries at a time (%v), want about 4\n%s", n, ok, told(r))
		}
	})
	t.Run("by its own page", func(t *testing.T) {
		trial{command: command + " -metrics", users: doubling, each: 2 * time.Second, words: ownPage}.mustFind(t,
			right{kind: bottleneck.Pool, grade: bottleneck.Shown, what: "shop"})
	})
}

// exporterOf starts Debian's exporter of PostgreSQL until the test ends, and returns the address of its page.
func exporterOf(t *testing.T, database string) (page string) {
	t.Helper()
	const name = "prometheus-postgres-exporter"
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not there; `make programs-faults` installs it", name)
	}
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port))
	c.Env = append(os.Environ(), "DATA_SOURCE_NAME="+database)
	var log strings.Builder
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return fmt.Sprintf("http://127.0.0.1:%d/metrics", port)
}

// TestRealCollector loads a service that tells how much its garbage collector works.
func TestRealCollector(t *testing.T) {
	for _, cores := range []string{"taskset -c 0 ", ""} {
		trial{command: cores + built(t) + " -address 127.0.0.1:${port} -fault garbage -metrics", users: doubling, each: 2 * time.Second, words: ownPage}.
			mustFind(t, right{kind: bottleneck.GC, grade: bottleneck.Shown})
	}
}
