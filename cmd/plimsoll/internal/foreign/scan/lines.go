// Package scan takes apart the files of other tools: lines, members of JSON objects, cells of CSV, numbers and times
// as people and locales write them. It is fast enough for files of gigabytes, reads strictly, and allocates next to
// nothing for usual input. What it yields is valid until the next call.
package scan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line, in bytes.
const maxLine = 1 << 20

// ErrCut is wrapped by the error about a file that ends in the middle.
var ErrCut = errors.New("it ends in the middle")

// Lines reads a file line by line.
type Lines struct {
	Number int // of the line that Next returned, from 1
	// Open says that the last line had no end: the file may have been cut.
	Open bool

	in   *bufio.Reader
	long []byte // holds a line that is longer than the buffer
}

// NewLines reads r.
func NewLines(r io.Reader) *Lines { return &Lines{in: bufio.NewReaderSize(r, 256<<10)} }

// Next is the next line without its end, which may be \n or \r\n; io.EOF after the last. A compressed file that was
// cut gives ErrCut.
func (l *Lines) Next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		l.Open = true
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("after line %d: %w", l.Number, ErrCut)
	case err != nil:
		return nil, err
	}
	l.Number++
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

// rest reads on until the end of a line that does not fit into the buffer.
func (l *Lines) rest(begin []byte) ([]byte, error) {
	l.long = append(l.long[:0], begin...)
	for {
		more, err := l.in.ReadSlice('\n')
		l.long = append(l.long, more...)
		if len(l.long) > maxLine {
			l.Number++
			return nil, fmt.Errorf("it is longer than %d KiB", maxLine>>10)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}
