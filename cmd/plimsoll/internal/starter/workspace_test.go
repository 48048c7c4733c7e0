package starter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
)

// tree writes files below a directory.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A package uses the lock file of its workspace, but not one of another repository or outside a workspace.
func TestGuessInAWorkspace(t *testing.T) {
	node := `{"scripts": {"start": "node x.js"}, "dependencies": {"a": "1"}}`
	cargo := "[package]\nname = \"api\"\n"
	for name, c := range map[string]struct {
		files map[string]string
		build string
	}{
		"npm":          {map[string]string{"package.json": `{"workspaces": ["apps/*"]}`, "package-lock.json": "", "apps/api/package.json": node}, "npm ci"},
		"pnpm":         {map[string]string{"pnpm-workspace.yaml": "", "pnpm-lock.yaml": "", "apps/api/package.json": node}, "pnpm install --frozen-lockfile"},
		"no workspace": {map[string]string{"package.json": `{}`, "package-lock.json": "", "apps/api/package.json": node}, "npm install"},
		"another repository": {map[string]string{"package.json": `{"workspaces": ["apps/*"]}`, "package-lock.json": "", "apps/api/.git/HEAD": "", "apps/api/package.json": node},
			"npm install"},
		"Cargo": {map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"apps/*\"]\n", "Cargo.lock": "", "apps/api/Cargo.toml": cargo, "apps/api/src/main.rs": ""},
			"cargo build --release --locked --target-dir target"},
		"uv": {map[string]string{"pyproject.toml": "[tool.uv.workspace]\nmembers = [\"apps/*\"]\n", "uv.lock": "", "apps/api/pyproject.toml": "[project]\nname = \"api\"\n", "apps/api/main.py": ""},
			"uv sync --frozen"},
	} {
		dir := t.TempDir()
		tree(t, dir, c.files)
		tree(t, dir, map[string]string{".git/HEAD": ""})
		s := Settings{Kind: "paired", Path: "/"}
		s.Guess(filepath.Join(dir, "apps", "api"))
		if s.Build != c.build {
			t.Errorf("%s: built with %q, want %q", name, s.Build, c.build)
		}
	}
}

// In a directory that only contains services, the error names them.
func TestServicesBelow(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, map[string]string{
		"package.json": `{"workspaces": ["apps/*"]}`, "apps/api/package.json": `{"scripts": {"start": "node x.js"}}`,
		"tools/package.json": "{}", "node_modules/x/package.json": `{"scripts": {"start": "node x.js"}}`, "worker/go.mod": "module worker\n", "worker/main.go": "package main\n",
	})
	s := Settings{Kind: "paired", Path: "/"}
	s.Guess(dir)
	err := s.Check()
	if want := "cannot tell from package.json how this service is started, but it can in worker, apps/api: run it in the directory"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// A command without the port gets one note.
func TestPortNote(t *testing.T) {
	for start, want := range map[string]int{"bin/x": 1, "bin/x --port ${port}": 0, "PORT=$PORT bin/x": 0} {
		s := Settings{Kind: "paired", Path: "/", Start: start}
		s.Guess(t.TempDir())
		text, err := s.profile(environ.Values{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(text, "must listen"); got != want {
			t.Errorf("%s: the note is there %d times, want %d\n%s", start, got, want, text)
		}
	}
}

// A directory in the place of one file leaves all others as they are.
func TestWriteOverADirectory(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, map[string]string{"plimsoll.yaml/x": "", "gate.yml": "old"})
	place := filepath.Join(dir, "plimsoll.yaml")
	err := Write([]File{{Path: filepath.Join(dir, "gate.yml"), Text: "new"}, {Path: place, Text: "new"}})
	if err == nil || !strings.Contains(err.Error(), place+" is a directory, and nothing was written") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "gate.yml")); err != nil || string(text) != "old" {
		t.Errorf("got %q, %v", text, err)
	}
}
