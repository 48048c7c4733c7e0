package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// explain says of which file an error is, what is wrong with it, and what to do.
func (f *file) explain(to table.Deed, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", f.path, inWords(f.path, to, err))
}

// inWords goes by the primary code of an error: see SQLite's list of result codes.
func inWords(path string, to table.Deed, err error) error {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return err
	}
	switch of.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file is damaged, or never was one of SQLite: restore it from a copy or a cache, name another one, or remove it to begin anew: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the file is damaged: restore it from a copy or a cache, or remove it to begin anew: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("cannot %s: another process kept the file locked for a minute: end that process, or wait for it: %w", to, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("%w: cannot %s: this user may not write the file and its directory: %w", baseline.ErrDenied, to, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("cannot %s: the disk is full, and nothing was written: make room: %w", to, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("cannot %s: the disk, or the network that it lies behind, failed: %w", to, err)
	case sqlite3.SQLITE_CANTOPEN:
		if info, failed := os.Stat(path); failed == nil && info.IsDir() {
			return fmt.Errorf("%w: it is a directory: name a file in it", baseline.ErrUnreachable)
		} else if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			return noPlace(failed)
		}
		return fmt.Errorf("%w: may this user read it, and make files in its directory?: %w", baseline.ErrUnreachable, err)
	}
	return err
}

// noPlace is an error of the directories above the file.
func noPlace(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: this user may not enter or make its directory: %w", baseline.ErrDenied, err)
	}
	return fmt.Errorf("%w: %w", baseline.ErrUnreachable, err)
}
