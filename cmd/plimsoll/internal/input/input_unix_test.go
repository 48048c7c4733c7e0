//go:build unix

package input

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe makes a pipe with a name.
func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPipeThatNobodyWritesTo(t *testing.T) {
	path, done := pipe(t), make(chan string)
	go func() {
		file, err := Open(path)
		if err != nil {
			done <- err.Error()
			return
		}
		defer file.Close() // it was only read
		data, err := io.ReadAll(file)
		if err != nil {
			done <- err.Error()
		}
		done <- string(data)
	}()
	select {
	case got := <-done:
		if got != "" {
			t.Errorf("read %q, want nothing", got)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it still waits for a writer")
	}
}

func TestPipeThatIsWrittenTo(t *testing.T) {
	read := func(say string, end bool, within time.Duration) (string, error) {
		path := pipe(t)
		writer, err := os.OpenFile(path, os.O_RDWR, 0) // waits for no reader
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close() // closed twice
		opened, err := os.OpenFile(path, flags, 0)
		file, err := bounded(opened, err, within)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close() // it was only read
		if _, err := io.WriteString(writer, say); err != nil {
			t.Fatal(err)
		}
		if end {
			writer.Close() // read tells
		}
		data, err := io.ReadAll(file)
		return string(data), err
	}
	if got, err := read("name: shop", true, time.Minute); got != "name: shop" || err != nil {
		t.Errorf("read %q, %v of a pipe that ends", got, err)
	}
	if _, err := read("name", false, 100*time.Millisecond); err == nil || !strings.Contains(err.Error(), "did not end within 100ms") {
		t.Errorf("read a pipe that does not end: %v", err)
	}
}
