// Package whole writes files whole or not at all: a reader never sees half of one, and a file
// that was there is replaced only by a whole one. What fails leaves nothing behind.
package whole

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write puts what write writes into the file at path, which everybody may then read. The data
// is on the disk when it returns.
func Write(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // does nothing after the rename
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
