package foreign

import (
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
)

// EachLine calls do for each line of a file. An error of the last line, if that has no end, says that the file was
// cut: the Sink learns it, and the lines before count. Other errors get the number of their line.
func EachLine(f *File, s *Sink, do func(line []byte) error) error {
	lines := scan.NewLines(f)
	return each(f, s, lines, func() error {
		line, err := lines.Next()
		if err != nil {
			return err
		}
		return do(line)
	})
}

// EachRow is EachLine for the rows of a table.
func EachRow(f *File, s *Sink, lines *scan.Lines, table *scan.Table, do func(cells [][]byte) error) error {
	usual := 0 // cells of the row before
	return each(f, s, lines, func() error {
		cells, err := table.Next()
		if err != nil {
			return err
		}
		if lines.Open && len(cells) < usual {
			return scan.ErrCut
		}
		usual = len(cells)
		err = do(cells)
		if err != nil && table.Names(cells) {
			return ErrJoined
		}
		return err
	})
}

// ErrJoined is the error about a file in which another one begins.
var ErrJoined = errors.New("a second file begins: files were joined; give each file by itself")

func each(f *File, s *Sink, lines *scan.Lines, next func() error) error {
	for {
		err := next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return nil
		case lines.Number > 1 && (lines.Open || errors.Is(err, scan.ErrCut)):
			s.Cut("%s ends in the middle of line %d: it was cut, and the end of the load is missing", f.Name, lines.Number)
			return nil
		default:
			return fmt.Errorf("line %d: %w", lines.Number, err)
		}
	}
}
