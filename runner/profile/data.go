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
	"slices"
	"strings"

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
			strict.Key("file", "CSV whose first line names the columns, or JSON lines (.jsonl, .ndjson); relative to the profile.", r.dataFile(&d)),
			strict.Key("list", "The values themselves.", func(n *yaml.Node) {
				r.NonEmpty(n, "write at least one value", func(item *yaml.Node) {
					var text string
					r.Text(&text)(item)
					d.Rows = append(d.Rows, []string{text})
				})
			}),
			strict.Key("order", "Which row comes next.", strict.OneOf(r.Reader, &d.Order, Sequential, Shuffle, Random)),
		)
		r.ExactlyOne(value, "data comes either from a file or from a list, for example: file: products.csv, or list: [boots, tent]", "file", "list")
		d.Sum = sumRows(d.Rows)
		r.data = append(r.data, d)
	})
	return r.data
}

func sumRows(rows [][]string) string {
	sum := sha256.New()
	for _, row := range rows {
		fmt.Fprintf(sum, "%q\n", row)
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

// dataFile reads rows of CSV with a header, or, from a file whose name ends in .jsonl or
// .ndjson, one JSON object per line.
func (r *reader) dataFile(d *Table) strict.Read {
	return r.file(func(n *yaml.Node, content []byte) {
		var err error
		if strings.HasSuffix(n.Value, ".jsonl") || strings.HasSuffix(n.Value, ".ndjson") {
			d.Columns, d.Rows, err = jsonRows(content)
		} else {
			d.Columns, d.Rows, err = csvRows(content)
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

func csvRows(content []byte) (columns []string, rows [][]string, err error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	columns, err = reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("the file is empty; its first line must name the columns")
	}
	if err != nil {
		return nil, nil, err
	}
	rows, err = reader.ReadAll()
	return columns, rows, err
}

// jsonRows reads one object per line; the keys of the first are the columns. A value that is
// not a string is kept as its JSON.
func jsonRows(content []byte) (columns []string, rows [][]string, err error) {
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
			for key := range object {
				columns = append(columns, key)
			}
			slices.Sort(columns)
		}
		row := make([]string, len(columns))
		for i, column := range columns {
			value, ok := object[column]
			if !ok {
				return nil, nil, fmt.Errorf("line %d has no %q, unlike the first line", line, column)
			}
			if json.Unmarshal(value, &row[i]) != nil {
				row[i] = string(value)
			}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}
