package history

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// fields are the columns of the CSV. They may come in any order, with others between them.
var fields = []string{"repo", "bench", "metric", "unit", "bigger_is_better", "commit_index", "commit_sha", "timestamp", "value"}

// readCSV reads a CSV in which each row is one value of one run. A repository's bench is a suite.
func (b *builder) readCSV(r io.Reader) error {
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	place := map[string]int{}
	for i, name := range header {
		place[strings.TrimSpace(name)] = i
	}
	for _, name := range fields {
		if _, ok := place[name]; !ok {
			return fmt.Errorf("%w: line 1 has no column %s", ErrFormat, name)
		}
	}
	last := place[slices.MaxFunc(fields, func(x, y string) int { return place[x] - place[y] })]
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err // has the line
		}
		line, _ := reader.FieldPos(0)
		if len(row) <= last {
			return fmt.Errorf("line %d: it has %d fields, and %d are needed", line, len(row), last+1)
		}
		if err := b.row(func(name string) string { return strings.TrimSpace(row[place[name]]) }); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	if b.values == 0 {
		return errors.New("it has a header and no values")
	}
	return nil
}

// row adds the value of one row.
func (b *builder) row(field func(string) string) error {
	index, err := strconv.Atoi(field("commit_index"))
	if err != nil {
		return fmt.Errorf("commit_index %q is not a whole number", field("commit_index"))
	}
	ms, err := strconv.ParseFloat(field("timestamp"), 64)
	at, ok := instant(ms)
	if err != nil || !ok {
		return fmt.Errorf("timestamp %q is not a number of milliseconds", field("timestamp"))
	}
	value, err := strconv.ParseFloat(field("value"), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("value %q is not a number", field("value"))
	}
	c := Column{Name: field("metric"), Unit: field("unit")}
	switch better := field("bigger_is_better"); better {
	case "0", "false":
	case "1", "true":
		c.HigherIsBetter = true
	default:
		return fmt.Errorf("bigger_is_better is %q: 0 or 1", better)
	}
	name := strings.Trim(field("repo")+" "+field("bench"), " ")
	return b.add(b.suite(name), c, Run{Index: index, Commit: field("commit_sha"), Time: at}, value)
}
