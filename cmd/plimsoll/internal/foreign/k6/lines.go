package k6

import (
	"bytes"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
)

// line reads a line such as {"metric":"http_req_duration","type":"Point","data":{"time":…,"value":…,"tags":{…}}}.
// Lines of other metrics are nine of ten, and are not read further.
func (r *reader) line(text []byte) error {
	if rest, is := bytes.CutPrefix(text, []byte(`{"metric":"`)); is {
		name, _, _ := bytes.Cut(rest, []byte{'"'})
		if !wanted(name) && bytes.HasSuffix(text, []byte("}")) {
			return nil
		}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	var metric, kind, data []byte
	err := scan.Object(text, func(key, value []byte) error {
		switch string(key) {
		case "metric":
			metric = scan.Text(value)
		case "type":
			kind = scan.Text(value)
		case "data":
			data = value
		}
		return nil
	})
	if err != nil || string(kind) != "Point" || !wanted(metric) {
		return err
	}
	return r.point(string(metric), data)
}

// wanted reports whether a metric is read.
func wanted(metric []byte) bool {
	switch string(metric) {
	case "http_req_duration", "grpc_req_duration", "vus", "dropped_iterations":
		return true
	}
	return false
}

// point reads the data of a point.
func (r *reader) point(metric string, data []byte) error {
	var at, value, all []byte
	r.tags = tags{}
	err := scan.Object(data, func(key, v []byte) error {
		switch string(key) {
		case "time":
			at = scan.Text(v)
		case "value":
			value = scan.Text(v)
		case "tags":
			all = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	when, err := time.Parse(time.RFC3339, string(at))
	if err != nil {
		return fmt.Errorf("the time of %s, %.40q, is not as RFC 3339 writes it", metric, at)
	}
	number, err := scan.Float(value)
	if err != nil {
		return fmt.Errorf("the value of %s: %w", metric, err)
	}
	switch metric {
	case "vus":
		r.sink.UsersAt(when.UnixNano(), int(number))
		return nil
	case "dropped_iterations":
		r.dropped += number
		return nil
	}
	if len(all) > 0 && string(all) != "null" {
		err = scan.Object(all, func(key, v []byte) error {
			r.tags.set(key, scan.Text(v))
			return nil
		})
		if err != nil {
			return fmt.Errorf("the tags of %s: %w", metric, err)
		}
	}
	return r.request(when.UnixNano(), number, metric == "grpc_req_duration")
}
