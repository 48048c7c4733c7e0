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

// tables reads the data: section, the files of its tables included.
func (r *reader) tables(n *yaml.Node) []Data {
	r.Entries(n, func(key, value *yaml.Node) {
		if !variable.MatchString(key.Value) {
			r.Problem(key, "%q cannot be the name of data; write letters, digits and underscores", key.Value)
		}
		d := Data{Name: key.Value, Order: Sequential}
		r.Mapping(value, strict.Fields{
			"file": func(n *yaml.Node) { r.dataFile(n, &d) },
			"list": func(n *yaml.Node) {
				r.Sequence(n, func(item *yaml.Node) { d.Rows = append(d.Rows, []string{r.Text(item)}) })
				if len(d.Rows) == 0 {
					r.Problem(n, "the list is empty")
				}
			},
			"order": func(n *yaml.Node) {
				d.Order = Order(r.OneOf(n, string(Sequential), string(Shuffle), string(Random)))
			},
		})
		if has(value, "file") == has(value, "list") {
			r.Problem(value, "data comes from a file or is a list: write file: products.csv, or list: [boots, tent]")
		}
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

// file reads a file that the profile names; nil when it cannot be read, which is a problem.
func (r *reader) file(n *yaml.Node) []byte {
	data, err := r.from.Read(r.Text(n))
	if err != nil {
		r.Problem(n, "%v; paths are seen from the profile's directory", err)
		return nil
	}
	return data
}

// dataFile reads rows of CSV with a header, or, from a file whose name ends in .jsonl or
// .ndjson, one JSON object a line.
func (r *reader) dataFile(n *yaml.Node, d *Data) {
	content := r.file(n)
	if content == nil {
		return
	}
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
		r.Problem(n, "%s holds no row", n.Value)
	}
}

func csvRows(content []byte) (columns []string, rows [][]string, err error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	columns, err = reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, nil, err
	}
	rows, err = reader.ReadAll()
	return columns, rows, err
}

// jsonRows reads one object a line; the keys of the first are the columns. Values that are no
// texts stand as their JSON.
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
			return nil, nil, fmt.Errorf("line %d holds no value", line)
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
				return nil, nil, fmt.Errorf("line %d has no %q, which the first line has", line, column)
			}
			if json.Unmarshal(value, &row[i]) != nil {
				row[i] = string(value)
			}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}
