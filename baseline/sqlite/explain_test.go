package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// The errors name a full disk, a read-only file and a lock. Settings of the connection stand for them, and for the
// minute, which is too long for a test.
func TestErrorsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	if store, err := Open(t.Context(), path); err != nil {
		t.Fatal(err)
	} else if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		setting string
		denied  bool
		want    string
	}{
		"a full disk":               {"PRAGMA max_page_count = 1", false, "cannot add runs: the disk is full, and nothing was written"},
		"a read-only file":          {"PRAGMA query_only = on", true, "permission denied: cannot add runs: this user may not write the file"},
		"locked by another process": {"PRAGMA busy_timeout = 50", false, "cannot add runs: another process kept the file locked"},
	} {
		db, err := sql.Open("sqlite", path+"?_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		f := &file{db, path}
		if _, err := db.Exec(c.setting); err != nil {
			t.Fatal(err)
		}
		unlock := func() {}
		if strings.HasPrefix(name, "locked") {
			unlock = lock(t, path)
		}
		err = f.Write(t.Context(), table.Adding, func(tx table.Tx) error {
			return tx.Query(t.Context(), table.Statement{SQL: "CREATE TABLE more AS SELECT hex(randomblob(100000)) AS x"}, func(table.Row) error { return nil })
		})
		unlock()
		if err == nil || !strings.Contains(err.Error(), path+": "+c.want) || errors.Is(err, baseline.ErrDenied) != c.denied {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// lock keeps all other connections out.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		conn.Close()
		db.Close()
	}
}
