package locust

import (
	"encoding/json"
	"errors"
	"math"
	"time"
)

// The kinds of records of the hook.
const (
	ready    = "i" // Locust and the locustfile are loaded: version, runner, whether there is a shape
	started  = "s" // the test has begun: when
	request  = "r" // when it was told, for how long it had been under way, time, method, name, bytes; of a failure its text, classes and status too
	beat     = "b" // twice a second: when, users, CPU time
	raised   = "x" // a task raised an exception: its text
	stopping = "e" // users begin no further task: when
	quitting = "q" // Locust ends in an orderly way: when
)

// record is a line of the hook. Its values are untrusted: the locustfile may have replaced anything.
type record []any

var errNoRecord = errors.New("no record")

// readRecord reads a line.
func readRecord(line []byte) (kind string, r record, err error) {
	if len(line) == 0 || line[0] != '[' {
		return "", nil, errNoRecord
	}
	if err := json.Unmarshal(line, &r); err != nil || len(r) == 0 {
		return "", nil, errNoRecord
	}
	kind, _ = r[0].(string)
	return kind, r[1:], nil
}

// number is the i-th value, if it is a number.
func (r record) number(i int) (float64, bool) {
	if i >= len(r) {
		return 0, false
	}
	n, ok := r[i].(float64)
	return n, ok
}

// text is the i-th value, empty if it is no text.
func (r record) text(i int) string {
	if i >= len(r) {
		return ""
	}
	text, _ := r[i].(string)
	return text
}

// span is the i-th value as a time, in a unit.
func (r record) span(i int, unit time.Duration) (time.Duration, bool) {
	n, ok := r.number(i)
	if n *= float64(unit); !ok || math.Abs(n) > math.MaxInt64/2 {
		return 0, false
	}
	return time.Duration(math.Round(n)), true
}
