package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// explain adds the file, the cause and the remedy to an error.
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
		return cannotOpen(path, err)
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		return fmt.Errorf("cannot %s: the tables in the file are not those that Plimsoll made: restore it from a copy or a cache, or name another one: %w", to, err)
	}
	return err
}

// cannotOpen says why SQLite, which does not say it, can neither open the file nor make it.
func cannotOpen(path string, err error) error {
	switch file, failed := os.Open(path); {
	case failed == nil:
		file.Close() //nolint:errcheck // nothing was written
		return fmt.Errorf("%w: this user may read the file, and not make others beside it: %w", baseline.ErrUnreachable, err)
	case !errors.Is(failed, fs.ErrNotExist):
		return noPlace("read it, or enter its directory", failed)
	}
	if _, failed := os.Lstat(path); failed == nil {
		return fmt.Errorf("%w: it is a link that leads nowhere: make the directory that it leads to, or remove the link: %w", baseline.ErrUnreachable, err)
	}
	return fmt.Errorf("%w: this user may not make files in the directory: give the right to it, or name another one: %w", baseline.ErrDenied, err)
}

// noFile says why what is at a path cannot hold a database; nil where it may.
func noFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil, info.Mode().IsRegular():
		return nil // what keeps it from being opened is told then
	case info.IsDir():
		return fmt.Errorf("%w: it is a directory: name a file in it", baseline.ErrUnreachable)
	}
	return fmt.Errorf("%w: it is a device, a pipe or a socket: name a file", baseline.ErrUnreachable)
}

// misread says what is wrong with a path that is missing, or was written as a URL or for a shell; nil for
// another one.
func misread(path string) error {
	if path == "" {
		return errors.New("sqlite: needs a path after it, such as sqlite:.plimsoll/baselines.db")
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok && !strings.HasPrefix(rest, "/") {
		return fmt.Errorf("sqlite:%s has no host: write sqlite:%s for a file below this directory, or sqlite:/%s for one below the root", path, rest, rest)
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return fmt.Errorf("sqlite:%s: nobody puts your home in the place of ~ here: write sqlite:$HOME/%s in a shell, or the whole path", path, rest)
	}
	return nil
}

// noPlace is an error of the file, or of the directories above it.
func noPlace(to string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: this user may not %s: %w", baseline.ErrDenied, to, err)
	}
	return fmt.Errorf("%w: %w", baseline.ErrUnreachable, err)
}
