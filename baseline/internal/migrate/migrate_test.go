package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/migrate"
)

// file is a database that only this test uses, so it needs no lock.
type file struct{ db *sql.DB }

func (f file) Version(ctx context.Context) (version int, err error) {
	err = f.db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'plimsoll_schema'").Scan(&version)
	if err == nil && version > 0 {
		err = f.db.QueryRowContext(ctx, "SELECT max(version) FROM plimsoll_schema").Scan(&version)
	}
	return version, err
}

func (f file) Exec(ctx context.Context, statements string) error {
	_, err := f.db.ExecContext(ctx, statements)
	return err
}

func (f file) Transact(ctx context.Context, do func(migrate.Transaction) error) error {
	err := f.Exec(ctx, "BEGIN")
	if err == nil {
		err = do(f)
	}
	if err != nil {
		return errors.Join(err, f.Exec(ctx, "ROLLBACK"))
	}
	return f.Exec(ctx, "COMMIT")
}

func files(texts map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestUp(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "m.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	up := func(texts map[string]string) error { return migrate.Up(t.Context(), file{db}, files(texts)) }
	exists := func(table string) bool {
		_, err := db.Exec("SELECT * FROM " + table)
		return err == nil
	}
	one := map[string]string{"0001_a.sql": "CREATE TABLE a (x INT);"}
	two := map[string]string{"0001_a.sql": one["0001_a.sql"], "0002_b.sql": "CREATE TABLE b (x INT);"}
	broken := map[string]string{"0001_a.sql": one["0001_a.sql"], "0002_b.sql": two["0002_b.sql"], "0003_c.sql": "CREATE TABLE c (x INT); CREATE TABLE a (y INT);"}
	for range 2 { // the second time there is nothing to do
		if err := up(one); err != nil || !exists("a") {
			t.Fatalf("first version: %v", err)
		}
	}
	if err := up(broken); err == nil || !strings.Contains(err.Error(), "0003_c.sql") || exists("b") || exists("c") {
		t.Errorf("a file that fails in the middle: error %v, and tables are there: %v, %v", err, exists("b"), exists("c"))
	}
	if err := up(two); err != nil || !exists("b") {
		t.Errorf("mended: %v", err)
	}
	if err := up(one); !errors.Is(err, migrate.ErrNewer) || !strings.Contains(err.Error(), "version 2, this one knows 1") {
		t.Errorf("an older program: %v", err)
	}
	for name, want := range map[string]string{"0003_c.sql": "expected number 0002", "b.sql": "expected number 0002"} {
		if err := up(map[string]string{"0001_a.sql": "", name: ""}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
			t.Errorf("a gap: %v", err)
		}
	}
}
