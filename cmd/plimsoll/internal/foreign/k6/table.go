package k6

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
)

// readTable reads the CSV, whose columns depend on k6's systemTags.
func (r *reader) readTable(f *foreign.File) error {
	file := scan.NewLines(f)
	table, err := scan.NewTable(file, scan.Commas)
	if err != nil {
		return err
	}
	columns := table.Columns
	cell := func(cells [][]byte, name string) []byte {
		if i, has := columns[name]; has && i < len(cells) {
			return cells[i]
		}
		return nil
	}
	return foreign.EachRow(f, r.sink, file, table, func(cells [][]byte) error {
		metric := cell(cells, "metric_name")
		if !wanted(metric) {
			return nil
		}
		at, err := instant(cell(cells, "timestamp"))
		if err != nil {
			return err
		}
		value, err := scan.Float(cell(cells, "metric_value"))
		if err != nil {
			return fmt.Errorf("the value of %s: %w", metric, err)
		}
		switch string(metric) {
		case "vus":
			r.sink.UsersAt(at, int(value))
			return nil
		case "dropped_iterations":
			r.dropped += value
			return nil
		}
		r.tags, r.coarse = tags{}, at%int64(time.Second) == 0
		for name, i := range columns {
			if i < len(cells) {
				r.tags.set([]byte(name), cells[i])
			}
		}
		return r.request(at, value, string(metric) == "grpc_req_duration")
	})
}

// instant reads a time of the CSV, in ns since 1970: k6's K6_CSV_TIME_FORMAT is unix, unix_milli, unix_micro,
// unix_nano, rfc3339 or rfc3339_nano.
func instant(text []byte) (int64, error) {
	n, err := scan.Int(text)
	if err != nil {
		when, err := time.Parse(time.RFC3339, string(text))
		if err != nil {
			return 0, fmt.Errorf("%.40q is no time", text)
		}
		return when.UnixNano(), nil
	}
	return scan.Since1970(n)
}
