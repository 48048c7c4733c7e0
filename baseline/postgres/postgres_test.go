package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

func open(ctx context.Context, url string) (baseline.Store, error) { return postgres.Open(ctx, url) }

func TestMain(m *testing.M) {
	storetest.Child(open)
	os.Exit(pgtest.Main(m))
}

// openSQL opens the database past the store.
func openSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestContract(t *testing.T) {
	storetest.Suite{Open: open, SQL: openSQL, Handles: 32, Place: emptied(pgtest.Database(t))}.Run(t)
}

// emptied empties the same database for each test: making a new one takes four times as long.
func emptied(database string) func(testing.TB) string {
	return func(t testing.TB) string {
		exec(t, database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
		return database
	}
}

// exec runs statements, even after the test has ended.
func exec(t testing.TB, database, statements string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statements); err != nil {
		t.Fatalf("%.100s: %v", statements, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	database := pgtest.Database(t)
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	exec(t, database, "INSERT INTO plimsoll_schema (version) VALUES (99)")
	_, err = postgres.Open(t.Context(), database)
	if !errors.Is(err, baseline.ErrNewerSchema) || !strings.Contains(err.Error(), "version 99, this one knows 2: use the newer plimsoll") {
		t.Errorf("got %v", err)
	}
}

// change is the URL after f has changed a part of it.
func change(t *testing.T, database string, f func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	f(u)
	return u.String()
}

// Marking a run that is removed meanwhile ends with ErrNotFound, as if it had been removed before.
func TestMarkWhileOthersRemove(t *testing.T) {
	database := pgtest.Database(t)
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	info, _, err := store.Put(t.Context(), storetest.NewResult(1))
	if err != nil {
		t.Fatal(err)
	}
	db := openSQL(t, database)
	removal, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer removal.Rollback()
	if _, err := removal.ExecContext(t.Context(), "DELETE FROM plimsoll_run"); err != nil {
		t.Fatal(err)
	}
	marked := make(chan error, 1)
	go func() { marked <- store.Accept(t.Context(), info.ID, storetest.NewMark(1)) }()
	for waiting := 0; waiting == 0 && len(marked) == 0; {
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := removal.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-marked; !errors.Is(err, baseline.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestErrorsOfConnectingHideThePassword(t *testing.T) {
	database := pgtest.Database(t)
	const secret = "s3cr%3At/@p&ss" // a URL needs most of it escaped
	for name, test := range map[string]struct {
		url, want string
	}{
		"wrong password":    {change(t, database, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), secret) }), "the password is refused"},
		"no such database":  {change(t, database, func(u *url.URL) { u.Path = "/nowhere" }), "the server has no database nowhere: correct the URL, or make it with CREATE DATABASE nowhere ENCODING 'UTF8'"},
		"nobody listens":    {"postgres://user:" + url.QueryEscape(secret) + "@127.0.0.1:1/db", "is the server up"},
		"no such host":      {"postgres://user:" + url.QueryEscape(secret) + "@db.invalid:5432/db?connect_timeout=2", "is the server up"},
		"not encrypted":     {"postgres://user:" + url.QueryEscape(secret) + "@db.invalid:5432/db?sslmode=prefer", "in the clear"},
		"odd password":      {"postgres://user:" + secret + "@host:5432/db", "cannot be read"},
		"odd port":          {"postgres://user:" + url.QueryEscape(secret) + "@host:port/db", "cannot be read"},
		"odd port in hosts": {"postgres://user:" + url.QueryEscape(secret) + "@host:1,other:99999/db", "its host or its port is invalid"},
		"odd parameter":     {"postgres://user:" + url.QueryEscape(secret) + "@host/db?sslmode=maybe", "sslmode=maybe is not known: expected one of verify-full, verify-ca, require"},
	} {
		_, err := postgres.Open(t.Context(), test.url)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), "s3cr"} {
			if strings.Contains(err.Error(), form) {
				t.Errorf("%s: the error shows the password: %v", name, err)
			}
		}
	}
}

// The cluster has no TLS. An address outside of loopback stands for another machine: only sslmode=disable allows a
// connection in the clear.
func TestConnectionsToAnotherMachineAreEncrypted(t *testing.T) {
	database := pgtest.Database(t)
	openStore(t, change(t, database, func(u *url.URL) { u.RawQuery = "" })) // this machine: in the clear, since the server has no TLS
	elsewhere := change(t, database, func(u *url.URL) { u.Host, u.RawQuery = "0.0.0.0:"+u.Port(), "" })
	_, err := postgres.Open(t.Context(), elsewhere)
	if err == nil || !strings.Contains(err.Error(), "refused TLS") || !strings.Contains(err.Error(), "sslmode=disable") {
		t.Errorf("got %v", err)
	}
	store, err := postgres.Open(t.Context(), elsewhere+"?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}

// A server that is killed cuts connections without an error. An idempotent operation is done again. For any other,
// the error says that it may have succeeded.
func TestCutInTheMiddle(t *testing.T) {
	database := pgtest.Database(t)
	through := func(text string) string {
		return change(t, database, func(u *url.URL) { u.Host = "127.0.0.1:" + pgtest.Cutter(t, database, text) })
	}
	store := openStore(t, through("INSERT INTO plimsoll_run"))
	put, created, err := store.Put(t.Context(), storetest.NewResult(1))
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	store = openStore(t, through("INSERT INTO plimsoll_accepted"))
	if err := store.Accept(t.Context(), put.ID, storetest.NewMark(1)); !errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), "the connection was cut in an attempt to accept runs. It may have succeeded") {
		t.Errorf("a mark: got %v", err)
	}
}

// The store reconnects after a connection was cut.
func TestCutConnection(t *testing.T) {
	database := pgtest.Database(t)
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i := range 3 {
		exec(t, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'plimsoll' AND datname = current_database()")
		if _, _, err := store.Put(t.Context(), storetest.NewResult(i)); err != nil {
			t.Errorf("after the connection was cut: %v", err)
		}
	}
}
