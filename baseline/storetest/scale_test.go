package storetest_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// By default only the query plans matter. make bench-store fills in a million runs and measures.
var (
	runs    = flag.Int("runs", 20_000, "how many runs TestScale fills a store with")
	repeats = flag.Int("repeats", 2, "how often TestScale asks everything")
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The sizes in TestScale.
const (
	fresh       = 60    // the newest runs, which are whole; the others are copies of one without its document
	mostCommits = 2_000 // in a history; fewer in a small store, since a planner rightly reads all of that
)

// scale is a store to fill, with the SQL for it.
type scale struct {
	baseline.Store
	db      *sql.DB
	dialect table.Dialect
	explain string
	alone   string // how a plan names a covering index, up to the index's name
	size    string // SQL for the bytes of one run
	fill    []string
}

// TestScale fills a store with runs of one series, nine in ten on one branch with one profile and environment, and
// asks what the gate asks. An index must answer every question. The test prints how long each took.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("fills two stores, which takes long and has no concurrency: make test runs it")
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		database := pgtest.Database(t)
		store, err := postgres.Open(t.Context(), database)
		measure(t, scale{store, openSQL(t, "pgx", pgtest.Unprepared(t, database)), table.PostgreSQL, "EXPLAIN ", "Index Only Scan using ", "SELECT pg_column_size(r.*) FROM plimsoll_run r WHERE id = ", []string{
			`INSERT INTO plimsoll_run (id, series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, summary, document)
			SELECT md5(i::text) || md5((-i)::text), series, repository, CASE WHEN i % 10 = 0 THEN 'feature-' || i ELSE branch END, lpad(to_hex(1000000 + i / 2), 40, '0'),
			profile_digest, environment, fit, tool, started - i * interval '1 minute', summary, ''
			FROM plimsoll_run, generate_series(1, RUNS) i`,
			`INSERT INTO plimsoll_accepted (run, series, repository, branch, commit_sha, started, who, why, at)
			SELECT id, series, repository, branch, commit_sha, started, 'ana', 'known', now() FROM plimsoll_run WHERE document = '' AND right(id, 3) = '000'`,
			`INSERT INTO plimsoll_excluded (run, who, why, at) SELECT id, 'ana', 'noisy', now() FROM plimsoll_run WHERE document = '' AND right(id, 3) = '001'`,
			`VACUUM ANALYZE`,
		}}, err)
	})
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "b.db")
		store, err := sqlite.Open(t.Context(), path)
		measure(t, scale{store, openSQL(t, "sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()), table.SQLite, "EXPLAIN QUERY PLAN ", "USING COVERING INDEX ", "SELECT length(document) + length(summary) FROM plimsoll_run WHERE id = ", []string{
			`INSERT INTO plimsoll_run (id, series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, summary, document)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < RUNS)
			SELECT lower(hex(randomblob(32))), series, repository, CASE WHEN i % 10 = 0 THEN 'feature-' || i ELSE branch END, printf('%040x', 1000000 + i / 2),
			profile_digest, environment, fit, tool, strftime('%Y-%m-%d %H:%M:%S+00:00', started, '-' || i || ' minutes'), summary, x''
			FROM n, plimsoll_run`,
			`INSERT INTO plimsoll_accepted (run, series, repository, branch, commit_sha, started, who, why, at)
			SELECT id, series, repository, branch, commit_sha, started, 'ana', 'known', started FROM plimsoll_run WHERE document = x'' AND id LIKE '%000'`,
			`INSERT INTO plimsoll_excluded (run, who, why, at) SELECT id, 'ana', 'noisy', started FROM plimsoll_run WHERE document = x'' AND id LIKE '%001'`,
		}}, err)
	})
}

func openSQL(t *testing.T, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func measure(t *testing.T, s scale, err error) {
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plain := storetest.NewLarge(0, 10, 10)
	put(t, s, 0)
	began := time.Now()
	for _, statement := range s.fill {
		if _, err := s.db.ExecContext(t.Context(), strings.ReplaceAll(statement, "RUNS", fmt.Sprint(*runs))); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Logf("filled with %d runs in %v", *runs, time.Since(began).Round(time.Second))
	history := []string{plain.Commit}
	for n := 1; n < fresh; n++ {
		history = append(history, put(t, s, n).Commit)
	}
	commits := min(mostCommits, *runs/100)
	for i := len(history); i < commits; i++ {
		history = append(history, fmt.Sprintf("%040x", 1_000_000+i))
	}

	fitting := baseline.Query{
		Series: plain.Series, Repository: plain.Repository, Branch: plain.Branch, ProfileDigest: plain.ProfileDigest,
		Environment: plain.Environment.Class(), SinceAccepted: true,
	}
	ofCommits := func(q baseline.Query) baseline.Query { return with(q, func(q *baseline.Query) { q.Commits = history }) }
	ancestors := ofCommits(fitting) // on the branch too, as the gate asks
	anything := baseline.Query{Series: plain.Series, Repository: plain.Repository, Branch: plain.Branch, Limit: 1}
	nothing := with(anything, func(q *baseline.Query) { q.Repository = "none" })
	for _, lookup := range []struct {
		name  string
		query baseline.Query
		found int
		index string // that covers the query; empty for any
	}{
		{"branch", fitting, 50, "plimsoll_run_window"},
		{"branch, any level", with(fitting, func(q *baseline.Query) { q.SinceAccepted = false }), 50, "plimsoll_run_window"},
		{"branch, no such profile", with(fitting, func(q *baseline.Query) { q.ProfileDigest = "none" }), 0, "plimsoll_run_window"},
		{"branch, no such environment", with(fitting, func(q *baseline.Query) { q.Environment = "none" }), 0, "plimsoll_run_window"},
		{"branch, no such repository", with(fitting, func(q *baseline.Query) { q.Repository = "none" }), 0, "plimsoll_run_window"},
		{"branch, anything of it", anything, 1, "plimsoll_run_branch"},
		{"branch, nothing of it", nothing, 0, "plimsoll_run_branch"},
		{fmt.Sprintf("%d commits", commits), ancestors, 50, "plimsoll_run_commit"},
		{fmt.Sprintf("%d commits, any level", commits), with(ancestors, func(q *baseline.Query) { q.SinceAccepted = false }), 50, "plimsoll_run_commit"},
		{fmt.Sprintf("%d commits, no such environment", commits), with(ancestors, func(q *baseline.Query) { q.Environment = "none" }), 0, ""},
		{fmt.Sprintf("%d commits of any branch", commits), with(ancestors, func(q *baseline.Query) { q.Branch = "" }), 50, "plimsoll_run_commit"},
		{fmt.Sprintf("%d commits, anything of it", commits), ofCommits(anything), 1, "plimsoll_run_commit"},
		{fmt.Sprintf("%d commits, nothing of it", commits), ofCommits(nothing), 0, ""},
	} {
		s.usesIndex(t, lookup.name, lookup.query, lookup.index)
		s.report(t, "which runs: "+lookup.name, *repeats, func(int) error {
			infos, err := s.List(t.Context(), lookup.query)
			return wanted(len(infos), lookup.found, err)
		})
		s.report(t, "with figures: "+lookup.name, max(1, *repeats/10), func(int) error {
			records, err := s.Window(t.Context(), lookup.query)
			return wanted(len(records), lookup.found, err)
		})
	}
	var further []*result.Result
	for i := range *repeats {
		further = append(further, storetest.NewLarge(1_000+i, 10, 10))
	}
	s.report(t, "put", *repeats, func(i int) error {
		_, _, err := s.Put(t.Context(), further[i])
		return err
	})
	s.report(t, "expired, one batch", 2, func(int) error {
		_, err := s.Expired(t.Context(), baseline.Retention{Keep: 200})
		return err
	})
	s.sizes(t)
}

func put(t *testing.T, s scale, n int) baseline.Info {
	t.Helper()
	info, _, err := s.Put(t.Context(), storetest.NewLarge(n, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func with(q baseline.Query, change func(*baseline.Query)) baseline.Query {
	change(&q)
	return q
}

func wanted(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%d runs, want %d", got, want)
	}
	return err
}

// report prints how long a call takes.
func (s scale) report(t *testing.T, name string, times int, do func(i int) error) {
	t.Helper()
	var took []time.Duration
	for i := range times {
		began := time.Now()
		if err := do(i); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond) }
	t.Logf("%-45s p50 %9v  p95 %9v  max %9v", name, at(0.5), at(0.95), at(1))
}

// usesIndex checks the plan of a query: it must use this index without the rows, or any index if none is named.
func (s scale) usesIndex(t *testing.T, name string, q baseline.Query, index string) {
	t.Helper()
	statement, err := s.dialect.List(q)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.db.QueryContext(context.WithoutCancel(t.Context()), s.explain+statement.SQL, statement.Args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintln(values[len(values)-1])
		plan.WriteString(text[:min(len(text), 300)])
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	scans := strings.Contains(plan.String(), "Seq Scan on plimsoll_run") || strings.Contains(plan.String(), "SCAN r\n") || strings.Contains(plan.String(), "SCAN plimsoll_run\n")
	use := s.alone + index
	if index == "" {
		use = "plimsoll_run_"
	}
	if !strings.Contains(plan.String(), use) || scans {
		t.Errorf("%s: the plan does not look into %s alone:\n%s", name, index, plan.String())
	}
}

// sizes prints the bytes of a run of 12 routes and 40 rounds.
func (s scale) sizes(t *testing.T) {
	t.Helper()
	record, _, err := s.Put(t.Context(), storetest.NewLarge(1, 12, 40))
	if err != nil {
		t.Fatal(err)
	}
	var bytes int
	if err := s.db.QueryRowContext(t.Context(), s.size+string(s.dialect)+"1", record.ID).Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	t.Logf("a run of 12 routes and 40 rounds: %d bytes", bytes)
}
