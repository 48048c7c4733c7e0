package site

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// ErrForeign is returned, wrapped, when a site would replace a file that Plimsoll did not write.
var ErrForeign = errors.New("plimsoll history has not written it")

// marker is a file that marks a directory as ours. Write creates it before any other file and never removes it: even if the
// program is killed midway, the next one may write into the directory.
const (
	marker     = ".plimsoll-history"
	markerText = "plimsoll history has written index.html, badge.svg, latest.json and history here, and replaces them.\n"
)

// ours lists the other names of a site in its directory. Write touches nothing else there.
func ours() []string { return []string{"index.html", "badge.svg", "latest.json", Dir} }

// Written counts what a site holds.
type Written struct {
	Pages int
	Bytes int64
}

// file is a file that is being written.
type file interface {
	io.WriteCloser
	Sync() error
}

// disk holds the file operations that Write needs.
type disk struct {
	create func(path string) (file, error)
	rename func(from, to string) error
}

// Write writes the whole site into a directory, or nothing. It replaces an older site: it writes the new one beside it,
// syncs that to disk, and renames it at the end.
func (h *History) Write(ctx context.Context, dir string) (Written, error) {
	return h.write(ctx, dir, disk{func(path string) (file, error) { return os.Create(path) }, os.Rename})
}

func (h *History) write(ctx context.Context, dir string, d disk) (done Written, err error) {
	if err := free(dir); err != nil {
		return done, err
	}
	isNew := false
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		isNew = true
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return done, err
	}
	h.sweep(dir)
	beside, err := os.MkdirTemp(dir, marker+".*.tmp")
	if err != nil {
		return done, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(beside))
		if err != nil && isNew {
			_ = os.Remove(dir) // fails if another program has put something there
		}
	}()
	fresh, old := filepath.Join(beside, "new"), filepath.Join(beside, "old")
	err = errors.Join(os.MkdirAll(fresh, 0o755), os.Mkdir(old, 0o755))
	if err == nil {
		done, err = h.writeAll(ctx, fresh, d)
	}
	if err == nil {
		err = replace(dir, fresh, old, d)
	}
	return done, err
}

// replace marks the directory as ours and swaps the sites. On error it restores everything.
func replace(dir, fresh, old string, d disk) (err error) {
	at := filepath.Join(dir, marker)
	if _, none := os.Lstat(at); none != nil {
		if _, err := putFile(at, d, writeMarker); err != nil {
			return errors.Join(err, os.RemoveAll(at))
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, os.Remove(at))
			}
		}()
	}
	if err := syncDirs(fresh); err != nil {
		return err
	}
	if err := whole.SyncDir(dir); err != nil {
		return err
	}
	if err := swap(dir, fresh, old, d); err != nil {
		return err
	}
	_ = whole.SyncDir(dir) // the site is there whole, now or after the next write of this directory
	return nil
}

func writeMarker(w io.Writer) error {
	_, err := io.WriteString(w, markerText)
	return err
}

// syncDirs puts the names in a directory and in those below it on the disk.
func syncDirs(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return whole.SyncDir(path)
	})
}

// free returns an error if the directory has a file of a site's name that is not ours.
func free(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, marker)); err == nil {
		return nil
	}
	for _, name := range ours() {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s has %s, and %w: name another directory", dir, name, ErrForeign)
		}
	}
	return nil
}

// sweep removes leftovers of killed programs that are more than an hour old.
func (h *History) sweep(dir string) {
	left, err := filepath.Glob(filepath.Join(dir, marker+".*.tmp"))
	if err != nil {
		return // the directory's name is a pattern, and a bad one
	}
	for _, one := range left {
		if info, err := os.Lstat(one); err == nil && h.Made.Sub(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(one) // it takes room and does no harm
		}
	}
}

// swap moves the names in fresh into dir, and those that were there into old. On error it moves everything back.
func swap(dir, fresh, old string, d disk) (err error) {
	type move struct{ from, to string }
	var done []move
	defer func() {
		if err == nil {
			return
		}
		for i := len(done) - 1; i >= 0; i-- {
			err = errors.Join(err, d.rename(done[i].to, done[i].from))
		}
	}()
	try := func(from, to string) error {
		if err := d.rename(from, to); err != nil {
			return err
		}
		done = append(done, move{from, to})
		return nil
	}
	for _, name := range ours() {
		at := filepath.Join(dir, name)
		if err := try(at, filepath.Join(old, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := try(filepath.Join(fresh, name), at); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes every file of the site.
func (h *History) writeAll(ctx context.Context, dir string, d disk) (done Written, err error) {
	done.Bytes = int64(len(markerText))
	put := func(name string, write func(io.Writer) error) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return
		}
		var n int64
		if n, err = putFile(filepath.Join(dir, filepath.FromSlash(name)), d, write); err != nil {
			return
		}
		done.Bytes += n
		if strings.HasSuffix(name, ".html") {
			done.Pages++
		}
	}
	put("index.html", h.Overview)
	put("badge.svg", h.Badge)
	put("latest.json", h.LatestJSON)
	for _, name := range Files() {
		put(path.Join(Dir, "files", name), func(w io.Writer) error {
			text, err := File(name)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		})
	}
	for _, g := range h.Groups {
		at := path.Join(Dir, g.Slug)
		put(path.Join(at, "index.html"), g.Page)
		put(path.Join(at, "badge.svg"), g.Badge)
		for _, r := range g.Routes {
			put(path.Join(at, r.Slug+".html"), func(w io.Writer) error { return g.RoutePage(w, r) })
		}
		for _, m := range g.Months() {
			put(path.Join(at, "data", m.Name+".js"), func(w io.Writer) error { return g.Chunk(w, m) })
		}
	}
	return done, err
}

// putFile writes one file, syncs it to disk, and returns its size.
func putFile(path string, d disk, write func(io.Writer) error) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	f, err := d.create(path)
	if err != nil {
		return 0, err
	}
	counted := &counter{w: f}
	buffered := bufio.NewWriter(counted)
	if err = errors.Join(write(buffered), buffered.Flush()); err == nil {
		err = f.Sync()
	}
	return counted.n, errors.Join(err, f.Close())
}

// counter counts what it writes.
type counter struct {
	w io.Writer
	n int64
}

// Write writes.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Files lists the files that all pages use.
func Files() []string {
	return []string{"style.css", "history.js", "uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE.txt"}
}

// File is the content of one of Files.
func File(name string) ([]byte, error) {
	if !slices.Contains(Files(), name) {
		return nil, fs.ErrNotExist
	}
	return files.ReadFile("files/" + name)
}
