package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// tables reads the data: section and the files that its tables name.
func (r *reader) tables(n *yaml.Node) []Table {
	named := r.Match(variable, func(*yaml.Node, string) {})
	r.Entries(n, func(key, value *yaml.Node) {
		named(key)
		d := Table{Name: key.Value, Order: Sequential}
		r.Mapping(value,
			strict.Key("file", "CSV whose first line names the columns, or JSON lines (.jsonl, .ndjson); relative to the profile.", r.dataFile(&d, value)),
			strict.Key("separator", "The character between the cells of CSV, such as ; or \"\\t\"; by default a comma.", r.Match(separator, func(*yaml.Node, string) {})),
			strict.Key("list", "The values themselves.", func(n *yaml.Node) {
				r.NonEmpty(n, "fill in at least one value", func(item *yaml.Node) {
					r.Match(anything, func(item *yaml.Node, _ string) {
						kind, text := r.scalar(item)
						d.Rows = append(d.Rows, []Value{{kind, text}})
					})(item)
				})
			}),
			strict.Key("order", "Which row comes next.", strict.OneOf(r.Reader, &d.Order, Sequential, Shuffle, Random)),
		)
		r.ExactlyOne(value, "data comes either from a file or from a list, for example: file: products.csv, or list: [boots, tent]", "file", "list")
		r.Exclude(value, "list", "separator", "only CSV has a separator")
		d.Sum = sumRows(d.Rows)
		r.data = append(r.data, d)
	})
	return r.data
}

// sumRows is the digest of rows. Rows of texts keep the digest from the time before cells had kinds.
func sumRows(rows [][]Value) string {
	sum := sha256.New()
	for _, row := range rows {
		texts, kinds := make([]string, len(row)), make([]byte, len(row))
		for i, cell := range row {
			texts[i], kinds[i] = cell.Text, byte('0'+cell.Kind)
		}
		fmt.Fprintf(sum, "%q\n", texts)
		if slices.ContainsFunc(row, func(v Value) bool { return v.Kind != TextValue }) {
			fmt.Fprintf(sum, "%s\n", kinds)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// file reads the file that a text names and hands its content to take.
func (r *reader) file(take func(n *yaml.Node, content []byte)) strict.Read {
	return func(n *yaml.Node) {
		var path string
		r.Text(&path)(n)
		if path == "" {
			return
		}
		content, err := r.from.Read(path)
		if err != nil {
			r.Problem(n, "%v (paths are relative to the profile)", err)
			return
		}
		take(n, content)
	}
}

// dataFile reads rows of CSV with a header. If the file's name ends in .jsonl or .ndjson, it reads one JSON
// object per line. table is the mapping that names the file.
func (r *reader) dataFile(d *Table, table *yaml.Node) strict.Read {
	return r.file(func(n *yaml.Node, content []byte) {
		by := strict.Get(table, "separator")
		content = bytes.TrimPrefix(content, []byte("\ufeff"))
		var err error
		switch {
		case bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")):
			err = errors.New("the file is UTF-16; save it as UTF-8")
		case strings.HasSuffix(n.Value, ".json"):
			err = errors.New("a .json file cannot be read: write one object per line, and name the file .jsonl")
		case !strings.HasSuffix(n.Value, ".jsonl") && !strings.HasSuffix(n.Value, ".ndjson"):
			d.Columns, d.Rows, err = csvRows(content, comma(by))
		case by != nil:
			err = errors.New("JSON lines have no separator; remove that key")
		default:
			d.Columns, d.Rows, err = jsonRows(content)
		}
		switch {
		case err != nil:
			r.Problem(n, "read %s: %v", n.Value, err)
			d.Rows = nil
		case len(d.Rows) == 0:
			r.Problem(n, "%s has no rows", n.Value)
		}
	})
}

var separator = strict.NewPattern(`^([^"\r\n\x00]|\\t)$`, `one character such as ; or "\t"`)

// comma is the separator that a node names.
func comma(n *yaml.Node) rune {
	switch {
	case n == nil || separator.Check(n.Value) != "": // which has a problem of its own
		return ','
	case n.Value == `\t`:
		return '\t'
	}
	c, _ := utf8.DecodeRuneInString(n.Value)
	return c
}

// csvRows reads CSV (RFC 4180). If all cells of a column are JSON numbers without quotes, they are numbers;
// if all are true or false, they are truth values; otherwise they are texts, exactly as written. Lines end
// with LF or CRLF, or all of them with CR.
func csvRows(content []byte, comma rune) (columns []string, rows [][]Value, err error) {
	if bytes.IndexByte(content, '\n') < 0 {
		content = bytes.ReplaceAll(content, []byte("\r"), []byte("\n"))
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	columns, err = reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, errors.New("the file is empty; its first line must name the columns")
	case err != nil:
		return nil, nil, csvError(err)
	}
	for i, name := range columns {
		if slices.Contains(columns[:i], name) {
			return nil, nil, fmt.Errorf("two columns are named %s; each needs a name of its own", strict.Quote(name))
		}
	}
	lines := lineStarts(content)
	kinds := make([]ValueKind, len(columns)) // NoValue before the first row
	for {
		record, err := reader.Read()
		switch {
		case errors.Is(err, io.EOF):
			for _, row := range rows {
				for i := range row {
					row[i].Kind = kinds[i]
				}
			}
			return columns, rows, nil
		case err != nil:
			return nil, nil, csvError(err)
		}
		line, _ := reader.FieldPos(0)
		if len(record) != len(columns) {
			return nil, nil, fmt.Errorf("line %d has %d cells, but the first line names %d columns", line, len(record), len(columns))
		}
		row := make([]Value, len(record))
		for i, cell := range record {
			if row[i].Text = cell; kinds[i] == TextValue {
				continue
			}
			line, column := reader.FieldPos(i)
			kind := TextValue
			if at := lines[line-1] + column - 1; at >= len(content) || content[at] != '"' {
				kind = cellKind(cell)
			}
			if kinds[i] == NoValue {
				kinds[i] = kind
			} else if kinds[i] != kind {
				kinds[i] = TextValue
			}
		}
		rows = append(rows, row)
	}
}

// cellKind is the kind of a cell without quotes.
func cellKind(cell string) ValueKind {
	switch {
	case IsNumber(cell):
		return NumberValue
	case cell == "true" || cell == "false":
		return BoolValue
	}
	return TextValue
}

// lineStarts are the offsets at which lines begin.
func lineStarts(content []byte) (starts []int) {
	at := 0
	for line := range bytes.Lines(content) {
		starts = append(starts, at)
		at += len(line)
	}
	return starts
}

// csvError rewords an error of encoding/csv.
func csvError(err error) error {
	var at *csv.ParseError
	switch {
	case !errors.As(err, &at):
		return err
	case errors.Is(at.Err, csv.ErrBareQuote):
		return fmt.Errorf("line %d, column %d: a cell contains a \"; put the whole cell in quotes, and write each \" in it twice", at.Line, at.Column)
	case errors.Is(at.Err, csv.ErrQuote):
		return fmt.Errorf("line %d: a cell begins with a \" but does not end with one, or contains a \" that is not written twice", at.StartLine)
	}
	return fmt.Errorf("line %d: %w", at.Line, at.Err)
}

// jsonRows reads one object per line; the keys of the first are the columns. Each value keeps its kind.
func jsonRows(content []byte) (columns []string, rows [][]Value, err error) {
	line := 0
	for text := range bytes.Lines(content) {
		line++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, nil, fmt.Errorf("line %d is not a JSON object: %w", line, err)
		}
		if len(object) == 0 {
			return nil, nil, fmt.Errorf("line %d is an empty object", line)
		}
		if columns == nil {
			columns = slices.Sorted(maps.Keys(object))
		}
		row := make([]Value, len(columns))
		for i, column := range columns {
			value, ok := object[column]
			if !ok {
				return nil, nil, fmt.Errorf("line %d has no %q, unlike the first line", line, column)
			}
			if row[i], err = jsonCell(value); err != nil {
				return nil, nil, fmt.Errorf("line %d: %w", line, err)
			}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

// jsonCell is a JSON value as written.
func jsonCell(value json.RawMessage) (Value, error) {
	text := string(value)
	switch text[0] {
	case '"':
		v := Value{Kind: TextValue}
		err := json.Unmarshal(value, &v.Text)
		return v, err
	case 't', 'f':
		return Value{BoolValue, text}, nil
	case 'n':
		return Value{NullValue, text}, nil
	case '[', '{':
		return Value{JSONValue, text}, nil
	}
	return Value{NumberValue, text}, nil
}
