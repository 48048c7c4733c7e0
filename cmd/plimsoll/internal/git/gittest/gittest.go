// Package gittest makes git repositories for tests, independent of the user's own configuration.
package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Run runs git in a directory, as a fixed author, and returns its output.
func Run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	command.Dir = dir
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// Write writes a file and makes its directory if needed.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Repository makes a repository with three commits. The first, tagged first, has no directory app;
// the others change app/v.
func Repository(t testing.TB) (dir string, commits []string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	t.Setenv("GIT_CONFIG_COUNT", "1") // by default git refuses submodules on the local disk
	t.Setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
	t.Setenv("GIT_CONFIG_VALUE_0", "always")
	dir = t.TempDir()
	Run(t, dir, "init", "-q", "-b", "main")
	for i, file := range []string{"README", "app/v", "app/v"} {
		Write(t, filepath.Join(dir, file), string(rune('1'+i)))
		Run(t, dir, "add", ".")
		Run(t, dir, "commit", "-qm", "c")
		commits = append(commits, Run(t, dir, "rev-parse", "HEAD"))
	}
	Run(t, dir, "tag", "first", commits[0])
	Run(t, dir, "tag", "second", commits[1])
	Run(t, dir, "tag", "-a", "-m", "of its own", "noted", commits[1])
	return dir, commits
}
