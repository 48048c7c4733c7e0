package site_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// tree lists the files below a directory with their contents.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A site replaces the one before it, and nothing else in its directory.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "pages")
	h := site.Build(records(40, 24*time.Hour, shop), options())
	done, err := h.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	first := tree(t, dir)
	var bytes int64
	for _, text := range first {
		bytes += int64(len(text))
	}
	if done.Pages != 5 || done.Bytes != bytes {
		t.Errorf("it says %+v, and there are %d bytes", done, bytes)
	}
	slug := h.Groups[0].Slug
	for _, name := range []string{"index.html", "badge.svg", "latest.json", "history/" + slug + "/index.html", "history/" + slug + "/data/2026-01.js", "history/files/uPlot.LICENSE.txt"} {
		if first[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	put(t, filepath.Join(dir, "CNAME"), "perf.example.com")
	put(t, filepath.Join(dir, "history.html"), "mine")
	old := filepath.Join(dir, ".plimsoll-history.123.tmp")
	if err := errors.Join(os.Mkdir(old, 0o700), os.Chtimes(old, began, began)); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Build(records(10, 24*time.Hour, shop[:1], func(_ int, r *baseline.Record) { r.Series = "blog" }), options()).Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	second := tree(t, dir)
	if second["CNAME"] != "perf.example.com" || second["history.html"] != "mine" {
		t.Error("it touched what is not its own")
	}
	for name := range second {
		if strings.Contains(name, slug) || strings.Contains(name, ".tmp") {
			t.Errorf("%s of the older site is there", name)
		}
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a killed program left is there: %v", err)
	}
}

// A directory with a page of somebody else's is refused, and stays as it is.
func TestWriteRefusesForeignFiles(t *testing.T) {
	for _, name := range []string{"index.html", "badge.svg", "latest.json", "history"} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, name), "mine")
		_, err := site.Build(records(1, time.Hour, nil), options()).Write(t.Context(), dir)
		if !errors.Is(err, site.ErrForeign) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if got := tree(t, dir); len(got) != 1 || got[name] != "mine" {
			t.Errorf("%s: the directory has become %v", name, got)
		}
	}
}

// When the time is up, or the directory cannot be made, nothing is left.
func TestWriteWholeOrNotAtAll(t *testing.T) {
	h := site.Build(records(10, time.Hour, shop), options())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := h.Write(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "mine")
	if _, err := h.Write(t.Context(), file); err == nil {
		t.Error("a file became a directory")
	}
}

// Ten thousand runs of fourteen routes stay small enough for GitHub Pages.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("makes ten thousand runs")
	}
	var routes []string
	for i := range 14 {
		routes = append(routes, fmt.Sprintf("GET /api/v1/resource-%d/{id}", i))
	}
	random := rand.New(rand.NewPCG(3, 4))
	all := records(10_000, 50*time.Minute, routes, func(_ int, r *baseline.Record) {
		for route, f := range r.Summary.Figures {
			f.Failures = random.Int64N(3)
			r.Summary.Figures[route] = f
		}
	})
	done, err := site.Build(all, options()).Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pages, %d bytes", done.Pages, done.Bytes)
	if done.Bytes > 3_000_000 {
		t.Errorf("it has %d bytes, and 3 MB are the most", done.Bytes)
	}
}
