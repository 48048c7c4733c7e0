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
func (f *file) explain(op table.Operation, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", f.path, inWords(f.path, op, err))
}

// inWords explains an error by its primary code: see SQLite's list of result codes.
func inWords(path string, op table.Operation, err error) error {
	var of *sqlite.Error
	if !errors.As(err, &of) {
		return err
	}
	switch of.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file is damaged, or is not an SQLite file: restore it from a copy or a cache, name another file, or remove it to begin anew: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the file is damaged: restore it from a copy or a cache, or remove it to begin anew: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("cannot %s: another process kept the file locked for a minute: end that process, or wait for it: %w", op, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("%w: cannot %s: this user may not write the file and its directory: %w", baseline.ErrDenied, op, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("cannot %s: the disk is full, and nothing was written: make room: %w", op, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("cannot %s: the disk failed, or the network to it: %w", op, err)
	case sqlite3.SQLITE_CANTOPEN:
		return cannotOpen(path, err)
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		return fmt.Errorf("cannot %s: the tables in the file are not those that Plimsoll made: restore the file from a copy or a cache, or name another file: %w", op, err)
	}
	return err
}

// cannotOpen finds out why SQLite can neither open nor make the file, since SQLite does not say it.
func cannotOpen(path string, err error) error {
	switch file, failed := os.Open(path); {
	case failed == nil:
		file.Close() //nolint:errcheck // nothing was written
		return fmt.Errorf("%w: this user may read the file, but not make files beside it: %w", baseline.ErrUnreachable, err)
	case !errors.Is(failed, fs.ErrNotExist):
		return noPlace("read it, or enter its directory", failed)
	}
	if _, failed := os.Lstat(path); failed == nil {
		return fmt.Errorf("%w: it is a link that leads nowhere: make the directory that it leads to, or remove the link: %w", baseline.ErrUnreachable, err)
	}
	return fmt.Errorf("%w: this user may not make files in the directory: grant write access to it, or name another file: %w", baseline.ErrDenied, err)
}

// noFile refuses a path that is not a regular file, if something is there.
func noFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil, info.Mode().IsRegular():
		return nil // opening it gives a better error
	case info.IsDir():
		return fmt.Errorf("%w: it is a directory: name a file in it", baseline.ErrUnreachable)
	}
	return fmt.Errorf("%w: it is a device, a pipe or a socket: name a file", baseline.ErrUnreachable)
}

// misread refuses a path that is empty, or was written for a URL or a shell.
func misread(path string) error {
	if path == "" {
		return errors.New("sqlite: needs a path after it, such as sqlite:.plimsoll/baselines.db")
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok && !strings.HasPrefix(rest, "/") {
		return fmt.Errorf("sqlite:%s has no host: write sqlite:%s for a file below this directory, or sqlite:/%s for one below the root", path, rest, rest)
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return fmt.Errorf("sqlite:%s: only a shell replaces ~ by your home directory, and none has: write sqlite:$HOME/%s in a shell, or the whole path", path, rest)
	}
	return nil
}

// noPlace is the error about the file, or about a directory above it.
func noPlace(op string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: this user may not %s: %w", baseline.ErrDenied, op, err)
	}
	return fmt.Errorf("%w: %w", baseline.ErrUnreachable, err)
}
