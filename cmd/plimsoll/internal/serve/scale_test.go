package serve_test

import (
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// By default only the answers matter. With -runs 1000000 -repeats 50 the test measures: see docs/history.md.
var (
	runs    = flag.Int("runs", 20_000, "how many runs TestScale fills the store with")
	repeats = flag.Int("repeats", 1, "how often TestScale asks everything")
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestScale fills PostgreSQL with runs of one series, nine in ten on one branch, and requests every kind of answer. It
// prints how long the store takes, and how many requests a second one client gets.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a store, which takes long: make test runs it")
	}
	database := pgtest.Database(t)
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	copyRuns(t, store, database)
	var now atomic.Int64
	c := config(store)
	c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	h := serve.New(c)
	slug := site.Slug("shop", "example/shop", "main")
	id := first(t, store)
	for _, path := range []string{
		"/", "/latest.json", "/badge.svg", "/?series=shop&branch=main", "/api/series", "/api/runs", "/api/runs?series=shop&branch=main&limit=100", "/api/runs?series=none",
		"/api/runs?series=shop&branch=feature-1000", "/api/run/" + id, "/history/" + slug + "/index.html", "/history/" + slug + "/" + "all-routes-" + digest(t, h, slug) + ".html", "/history/" + slug + "/data/2026-03.js",
	} {
		var took []time.Duration
		for range *repeats {
			now.Add(int64(serve.Fresh / time.Second)) // past Fresh, so no kept answer is used
			began := time.Now()
			if status, body, _ := get(t, h, path); status != http.StatusOK {
				t.Errorf("%s: %d %.200s", path, status, body)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%-60s p50 %8v  p95 %8v  max %8v", path, took[len(took)/2].Round(time.Microsecond), took[len(took)*95/100].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
	}
	rate(t, h, "/history/"+slug+"/index.html")
	buildSite(t, store)
}

// copyRuns puts a few large runs into a store, and copies one of them until there are enough.
func copyRuns(t *testing.T, store baseline.Store, database string) {
	t.Helper()
	for n := range 60 {
		if _, _, err := store.Put(t.Context(), storetest.NewLarge(n, 14, 10)); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("pgx", pgtest.Unprepared(t, database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO plimsoll_run (id, series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, summary, document)
		SELECT n.id, series, repository, n.branch, n.commit_sha, profile_digest, environment, fit, tool, n.started, jsonb_set(run, '{run}', (run -> 'run') ||
		jsonb_build_object('id', n.id, 'branch', n.branch, 'commit', n.commit_sha, 'started', n.text, 'finished', n.text))::json, ''
		FROM (SELECT *, summary::jsonb AS run FROM plimsoll_run ORDER BY started LIMIT 1) one, LATERAL (
			SELECT md5(i::text) || md5((-i)::text) AS id, CASE WHEN i % 10 = 0 THEN 'feature-' || i ELSE one.branch END AS branch, lpad(to_hex(1000000 + i / 2), 40, '0') AS commit_sha,
			one.started - i * interval '1 minute' AS started, to_char((one.started - i * interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS text
			FROM generate_series(1, RUNS) i) n`,
		`VACUUM ANALYZE`,
	} {
		if _, err := db.ExecContext(t.Context(), strings.ReplaceAll(statement, "RUNS", fmt.Sprint(*runs))); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// buildSite tells how long a site of one branch takes.
func buildSite(t *testing.T, store baseline.Store) {
	t.Helper()
	started := time.Now()
	records, _, err := site.Read(t.Context(), store, baseline.Query{Series: "shop", Repository: "example/shop", Branch: "main", Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	read := time.Since(started)
	done, err := site.Build(records, site.Options{}).Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a site of %d runs: %d pages, %d bytes, %v, %v of it reading", len(records), done.Pages, done.Bytes, time.Since(started).Round(time.Millisecond), read.Round(time.Millisecond))
}

// digest is what the name of the page of all routes ends in.
func digest(t *testing.T, h http.Handler, slug string) string {
	t.Helper()
	_, after, _ := strings.Cut(ok(t, h, "/history/"+slug+"/index.html"), `href="all-routes-`)
	digest, _, _ := strings.Cut(after, ".html")
	return digest
}

// rate measures the requests a second of eight connections over loopback.
func rate(t *testing.T, h http.Handler, path string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	var answered atomic.Int64
	end := time.Now().Add(time.Duration(*repeats) * 100 * time.Millisecond)
	began := time.Now()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for time.Now().Before(end) {
				answer, err := server.Client().Get(server.URL + path)
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Errorf("%v, %v", answer, err)
					return
				}
				answer.Body.Close()
				answered.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%s: %.0f requests a second", path, float64(answered.Load())/time.Since(began).Seconds())
}
