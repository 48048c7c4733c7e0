package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/migrate"
)

// noLock is enough for a single program.
type noLock struct{}

func (noLock) SessionLock(context.Context, *sql.Conn) error   { return nil }
func (noLock) SessionUnlock(context.Context, *sql.Conn) error { return nil }

func files(texts map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return fsys
}

func TestUp(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "m.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	up := func(texts map[string]string) error {
		return migrate.Up(t.Context(), migrate.Database{DB: db, Dialect: goose.DialectSQLite3, Files: files(texts), Lock: noLock{}})
	}
	exists := func(table string) bool {
		_, err := db.Exec("SELECT * FROM " + table)
		return err == nil
	}
	one := map[string]string{"1_a.sql": "CREATE TABLE a (x INT);"}
	for range 2 { // the second time there is nothing to do
		if err := up(one); err != nil || !exists("a") {
			t.Fatalf("first version: %v", err)
		}
	}
	err = up(map[string]string{"1_a.sql": one["1_a.sql"], "2_b.sql": "CREATE TABLE b (x INT); CREATE TABLE a (y INT);"})
	if err == nil || exists("b") {
		t.Errorf("a file that breaks off in the middle: error %v, and its first table is there: %v", err, exists("b"))
	}
	if err := up(map[string]string{"1_a.sql": one["1_a.sql"], "2_b.sql": "CREATE TABLE b (x INT);"}); err != nil || !exists("b") {
		t.Errorf("mended: %v", err)
	}
	if err := up(one); !errors.Is(err, migrate.ErrNewer) || !strings.Contains(err.Error(), "version 2, this one knows 1") {
		t.Errorf("an older program: %v", err)
	}
	err = up(map[string]string{"1_a.sql": "", "3_c.sql": ""})
	if err == nil || !strings.Contains(err.Error(), "3_c.sql is number 3, expected 2") {
		t.Errorf("a gap: %v", err)
	}
}
