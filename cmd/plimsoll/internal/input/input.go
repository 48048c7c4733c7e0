// Package input opens files that a user named.
//
// Such a file may be a pipe: `plimsoll check <(envsubst < shop.yaml)` hands one over. Nobody may write to it, or its
// writer may be silent, and a read that waits for it would not end at an interrupt either. So Open never waits for a
// writer, and a pipe or a terminal has a minute for all it says. A pipe that nobody writes to reads as an empty file.
package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// patience is how long a pipe may take for all it says: a program that decrypts or fetches needs seconds.
const patience = time.Minute

// flags open a pipe without waiting for its writer.
const flags = os.O_RDONLY | syscall.O_NONBLOCK

// File is a file that is read.
type File struct {
	*os.File
	patience time.Duration
}

// Open opens a file to be read.
func Open(path string) (*File, error) {
	file, err := os.OpenFile(path, flags, 0)
	return bounded(file, err, patience)
}

// OpenIn opens a file below a directory, and none that a link leads out of it.
func OpenIn(root *os.Root, path string) (*File, error) {
	file, err := root.OpenFile(path, flags, 0)
	return bounded(file, err, patience)
}

func bounded(file *os.File, err error, patience time.Duration) (*File, error) {
	if err != nil {
		return nil, err
	}
	if err := file.SetReadDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, os.ErrNoDeadline) { // a plain file has none
		return nil, errors.Join(err, file.Close())
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(&fs.PathError{Op: "read", Path: file.Name(), Err: errDirectory}, file.Close())
	}
	return &File{file, patience}, nil
}

var errDirectory = errors.New("is a directory: name a file")

// Read reads as an os.File does, and says which pipe was silent.
func (f *File) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%s did not end within %v: it is a pipe or a terminal, and its writer has not closed it", f.Name(), f.patience)
	}
	return n, err
}
