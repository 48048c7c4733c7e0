//go:build unix

package whole_test

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// A pipe, and so /dev/stdout, is written to and not replaced by a file.
func TestWriteKeepsPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0) // which waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if err := whole.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe became %v, %v", info.Mode(), err)
	}
	text := make([]byte, 3)
	if _, err := io.ReadFull(pipe, text); err != nil || string(text) != "new" {
		t.Errorf("read %q, %v", text, err)
	}
}
