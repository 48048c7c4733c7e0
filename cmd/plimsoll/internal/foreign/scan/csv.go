package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxCells bounds a row.
const maxCells = 1_000

// Commas are the separators that a CSV may have. Spreadsheets of some locales write semicolons or tabs.
const Commas = ",;\t"

// Header is how a CSV begins, with commas and without quotes, to recognise it by.
func Header(head []byte) []byte {
	head = bytes.ReplaceAll(head[:min(len(head), 200)], []byte(`"`), nil)
	for _, c := range []byte(Commas[1:]) {
		head = bytes.ReplaceAll(head, []byte{c}, []byte{Commas[0]})
	}
	return head
}

// Table reads a CSV whose first row names its columns, such as one of JMeter. Cells may be quoted as RFC 4180 says,
// with line breaks in them.
type Table struct {
	Columns map[string]int
	lines   *Lines
	comma   byte
	cells   [][]byte
	row     []byte // a row of several lines
}

// NewTable reads the header. commas are the separators that are possible; the one that the header has most often is
// taken.
func NewTable(lines *Lines, commas string) (*Table, error) {
	t := &Table{lines: lines, Columns: map[string]int{}}
	head, err := lines.Next()
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", lines.Number, err)
	}
	for _, c := range []byte(commas) {
		if t.comma == 0 || bytes.Count(head, []byte{c}) > bytes.Count(head, []byte{t.comma}) {
			t.comma = c
		}
	}
	head = bytes.Clone(head)
	if err := t.split(head); err != nil {
		return nil, fmt.Errorf("line %d: %w", lines.Number, err)
	}
	for i, cell := range t.cells {
		t.Columns[string(cell)] = i
	}
	return t, nil
}

// Without reads a CSV that names no columns.
func Without(lines *Lines, comma byte) *Table { return &Table{lines: lines, comma: comma} }

// Names reports whether a row names columns, as the header does: its first two cells are names of the first two.
func (t *Table) Names(cells [][]byte) bool {
	for i := range 2 {
		if i >= len(cells) {
			return false
		}
		if at, is := t.Columns[string(cells[i])]; !is || at != i {
			return false
		}
	}
	return true
}

// Line is the number of the line that the row ended in.
func (t *Table) Line() int { return t.lines.Number }

// Next reads a row; io.EOF after the last. Empty lines are left out.
func (t *Table) Next() ([][]byte, error) {
	for {
		line, err := t.lines.Next()
		if err != nil {
			return nil, err
		}
		if len(line) > 0 {
			return t.next(line)
		}
	}
}

func (t *Table) next(line []byte) ([][]byte, error) {
	quotes := bytes.Count(line, []byte{'"'})
	if quotes == 0 {
		return t.cells, t.split(line)
	}
	t.row = append(t.row[:0], line...)
	for quotes%2 == 1 { // the row goes on in the next line
		more, err := t.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("a quoted cell has no end: %w", ErrCut)
		}
		if err != nil {
			return nil, err
		}
		quotes += bytes.Count(more, []byte{'"'})
		t.row = append(append(t.row, '\n'), more...)
		if len(t.row) > maxLine {
			return nil, fmt.Errorf("a quoted cell is longer than %d KiB", maxLine>>10)
		}
	}
	return t.cells, t.split(t.row)
}

// split takes a row apart.
func (t *Table) split(row []byte) error {
	t.cells = t.cells[:0]
	for {
		if len(t.cells) >= maxCells {
			return fmt.Errorf("it has more than %d cells", maxCells)
		}
		if len(row) > 0 && row[0] == '"' {
			cell, rest, err := quoted(row)
			if err != nil {
				return err
			}
			t.cells = append(t.cells, cell)
			if len(rest) == 0 {
				return nil
			}
			if rest[0] != t.comma {
				return fmt.Errorf("%.20q follows a quoted cell", rest)
			}
			row = rest[1:]
			continue
		}
		end := bytes.IndexByte(row, t.comma)
		if end < 0 {
			t.cells = append(t.cells, row)
			return nil
		}
		t.cells = append(t.cells, row[:end])
		row = row[end+1:]
	}
}

// quoted unpacks a cell in quotes, in place, and returns what follows it.
func quoted(row []byte) (cell, rest []byte, err error) {
	n := 0
	for i := 1; i < len(row); i++ {
		if row[i] == '"' {
			if i+1 == len(row) || row[i+1] != '"' {
				return row[:n], row[i+1:], nil
			}
			i++
		}
		row[n] = row[i]
		n++
	}
	return nil, nil, errors.New("a quote has no end")
}
