// Package whole writes files whole or not at all.
//
// A symbolic link stays, and the file that it leads to is replaced. What is no file, such as
// /dev/stdout or a named pipe, is written to as it is: it cannot be replaced.
//
// Write makes a new file beside the old one, puts it on the disk, gives it the old one's name,
// and puts the directory on the disk. So a reader, even after a crash, finds the old
// file or the new one and never a part. When Write has returned without an error it is the new
// one, even if the machine loses its power at once. That holds as far as the disk and the file
// system keep what they say; some network file systems cannot put a directory on the disk.
package whole

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Write puts what write writes into the file at path, which everybody may then read. When write
// fails, or anything before the new file has its name, the old file stays and nothing is left
// behind.
func Write(path string, write func(io.Writer) error) error {
	put := replace
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		put = writeTo
	} else if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := put(path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// replace makes a new file and gives it the name of the old one.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
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
	if err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	return err
}

// writeTo writes to a pipe or a device.
func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// SyncDir puts the names in a directory on the disk, if the file system can.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // this file system cannot
	}
	return errors.Join(err, dir.Close())
}
