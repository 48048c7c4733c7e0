//go:build unix

package draft_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// A file that a profile refers to may be a pipe that nobody writes to. It is read as an empty file.
func TestReadPipe(t *testing.T) {
	path, done := filepath.Join(t.TempDir(), "pipe"), make(chan error, 1)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := (&draft.Draft{}).Read(path)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it still waits for a writer")
	}
}
