package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
)

func open(ctx context.Context, path string) (baseline.Store, error) { return sqlite.Open(ctx, path) }

func TestMain(m *testing.M) {
	storetest.Child(open)
	os.Exit(m.Run())
}

// openSQL opens the file past the store.
func openSQL(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestContract(t *testing.T) {
	storetest.Suite{Open: open, SQL: openSQL, Handles: 8, Place: func(t testing.TB) string {
		return filepath.Join(t.TempDir(), "a dir with spaces #1?", "100%.db")
	}}.Run(t)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db := openSQL(t, path)
	if _, err := db.Exec("INSERT INTO plimsoll_schema (version) VALUES (99)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), path)
	if !errors.Is(err, baseline.ErrNewerSchema) || !strings.Contains(err.Error(), "version 99, this one knows 1: use the newer plimsoll") {
		t.Errorf("got %v", err)
	}
}

func TestOneFile(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Put(t.Context(), storetest.NewResult(1)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want the one file, while it is open", entries, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPathsThatAreNoStore(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text:                         text + ": the file is damaged, or is not an SQLite file: restore it",
		dir:                          dir + ": the store cannot be reached: it is a directory: name a file in it",
		filepath.Join(text, "below"): "the store cannot be reached: mkdir " + text,
	} {
		if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", path, err, want)
		}
	}
	for path, want := range map[string]string{
		"":             "sqlite: needs a path after it",
		"//b.db":       "sqlite://b.db has no host: write sqlite:b.db",
		"~/below/b.db": "write sqlite:$HOME/below/b.db in a shell",
	} {
		if _, err := sqlite.Open(t.Context(), path); !errors.As(err, new(baseline.LocationError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", path, err, want)
		}
	}
}

// The errors name a path that is not a file, and a file with somebody else's tables.
func TestPathsOfOthers(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, tables := range map[string]string{"version": "CREATE TABLE plimsoll_schema (x)", "run": "CREATE TABLE plimsoll_run (x)"} {
		if _, err := openSQL(t, path(name)).Exec(tables); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(path("gone/b.db"), path("link")); err != nil {
		t.Skip(err) // Windows needs a privilege for it
	}
	for name, want := range map[string]string{
		path("version"): "cannot open the store: the tables in the file are not those that Plimsoll made",
		path("run"):     "cannot open the store: the tables in the file are not those that Plimsoll made",
		path("link"):    "it is a link that leads nowhere",
		os.DevNull:      "it is a device, a pipe or a socket: name a file",
	} {
		if _, err := sqlite.Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
}

// A file with overwritten or missing pages is called damaged, by Open or by Put.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Put(t.Context(), storetest.NewResult(1)); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	is := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), path)
		if err == nil {
			_, _, err = store.Put(t.Context(), storetest.NewResult(2))
			store.Close()
		}
		if err == nil || errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), path+": the file is damaged") || !strings.Contains(err.Error(), "restore it from a copy or a cache") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	is("pages overwritten", append(whole[:100:100], strings.Repeat("\xff", len(whole)-100)...))
	is("the head overwritten", append([]byte(strings.Repeat("\xff", 100)), whole[100:]...))
	is("cut off", whole[:len(whole)/2])
}
