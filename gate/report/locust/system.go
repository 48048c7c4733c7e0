package locust

import (
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// system writes _system.csv: the readings of the system and the machine, one a row, ordered by time. A missing reading has
// no row.
func system(w io.Writer, m report.Material) error {
	out := newTable(w, "Timestamp", "Source", "Metric", "Value", "Unit")
	if m.Run == nil || m.Run.Watch == nil {
		return out.err
	}
	watch := m.Run.Watch
	names := slices.Sorted(maps.Keys(watch.Timeline))
	if len(names) == 0 {
		return out.err
	}
	for i := range watch.Timeline[names[0]] { // all columns have one length
		at := m.Run.Started.Add(watch.Start + time.Duration(i)*watch.Step)
		stamp := strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)
		for _, name := range names {
			v := watch.Timeline[name][i]
			if math.IsNaN(v) {
				continue
			}
			source, metric := sourceOf(name)
			out.row(stamp, cell(source), cell(metric), number(v), unitOf(metric))
		}
	}
	return out.err
}

// number formats a reading with all its digits. Only absurdly large or small values get an exponent.
func number(v float64) string {
	if math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// sourceOf splits the name of a reading into its subject and its figure. The subject of a GPU has its index too.
func sourceOf(name string) (source, metric string) {
	source, metric, _ = strings.Cut(name, ".")
	if source == "gpu" {
		if index, rest, ok := strings.Cut(metric, "."); ok {
			return source + "." + index, rest
		}
	}
	return source, metric
}

// units maps words in the names of figures to units; the first match counts.
var units = []struct{ word, unit string }{
	{"bytes_per_sec", "bytes/s"},
	{"seconds_per_sec", "s/s"},
	{"_per_sec", "1/s"},
	{"_bytes", "bytes"},
	{"_share", "share"}, // from 0 to 1
	{"_cores", "cores"},
	{"_capacity", "cores"},
	{"_watts", "W"},
	{"_celsius", "°C"},
	{"_seconds", "s"},
	{"busiest_thread", "share"},
}

// unitOf is the unit of a figure; empty for a plain number.
func unitOf(metric string) string {
	for _, one := range units {
		if strings.Contains(metric, one.word) {
			return one.unit
		}
	}
	return ""
}
