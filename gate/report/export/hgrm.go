package export

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// File is one file of a directory.
type File struct {
	Name  string // safe on every file system
	Write func(w io.Writer) error
}

// Histograms returns the response times of each route as HdrHistogram's percentile files: for the run, and for base with
// names that end in .base.hgrm. Routes without an answer have no file.
func Histograms(m report.Material) (files []File) {
	names := fileNames(m)
	for _, side := range []struct {
		run    *result.Result
		ending string
	}{{m.Run, ".hgrm"}, {m.Base, ".base.hgrm"}} {
		if side.run == nil {
			continue
		}
		for _, one := range withAll(side.run) {
			h := &one.Counts.Response
			if h.Count() == 0 {
				continue
			}
			files = append(files, File{names[one.Route] + side.ending, func(w io.Writer) error { return percentileFile(w, one.Route, h) }})
		}
	}
	return files
}

// fileNames names the files of all routes of both sides together. So both files of a route have the same name, whatever
// routes the other side has.
func fileNames(m report.Material) map[string]string {
	routes := []string{}
	for _, side := range []*result.Result{m.Run, m.Base} {
		if side != nil {
			routes = append(routes, side.Routes()...)
		}
	}
	slices.Sort(routes)
	names, taken := map[string]string{}, map[string]bool{}
	for _, route := range append([]string{tally.All}, slices.Compact(routes)...) {
		names[route] = unique(taken, fileName(report.RouteName(route)))
	}
	return names
}

// maxFileName is the most characters of a route in the name of a file.
const maxFileName = 100

// fileName makes a file name of a route: letters, digits, and separators between them.
func fileName(route string) string {
	name := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '-' {
			return r
		}
		return '_'
	}, route)
	for strings.Contains(name, "__") {
		name = strings.ReplaceAll(name, "__", "_")
	}
	name = strings.Trim(name[:min(len(name), maxFileName)], "_-")
	if name == "" {
		return "route"
	}
	return name
}

// unique returns a name that is not taken. It ignores case, as some file systems do.
func unique(taken map[string]bool, name string) string {
	for n := 1; ; n++ {
		one := name
		if n > 1 {
			one = fmt.Sprintf("%s-%d", name, n)
		}
		if key := strings.ToLower(one); !taken[key] {
			taken[key] = true
			return one
		}
	}
}

// ticksPerHalfDistance is how many percentiles to write each time the distance to 100 % halves; HdrHistogram's own
// programs use the same.
const ticksPerHalfDistance = 5

// percentileFile writes a histogram as HistogramLogProcessor does, in milliseconds, and adds a comment with the route.
func percentileFile(w io.Writer, route string, h *hist.Histogram) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
	upTo := cumulative(h)
	for level := 0.0; ; {
		value := h.Quantile(level / 100)
		count := upTo(value)
		fmt.Fprintf(&b, "%12.3f %2.12f %10d %14.2f\n", inMillis(value), level/100, count, 1/(1-level/100))
		if count >= h.Count() {
			break
		}
		halves := math.Pow(2, math.Floor(math.Log2(100/(100-level)))+1)
		level += 100 / (ticksPerHalfDistance * halves)
	}
	fmt.Fprintf(&b, "%12.3f %2.12f %10d\n", inMillis(h.Max()), 1.0, h.Count())
	mean, deviation := moments(h)
	fmt.Fprintf(&b, "#[Route   = %s]\n", label(route))
	fmt.Fprintf(&b, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean, deviation)
	fmt.Fprintf(&b, "#[Max     = %12.3f, Total count    = %12d]\n", inMillis(h.Max()), h.Count())
	fmt.Fprintf(&b, "#[Buckets = %12d, SubBuckets     = %12d]\n", h.Buckets(), 1)
	_, err := io.WriteString(w, b.String())
	return err
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cumulative counts the values up to a given one. Calls must come in growing order.
func cumulative(h *hist.Histogram) func(time.Duration) int64 {
	type step struct {
		value time.Duration
		until int64
	}
	var steps []step
	var until int64
	for value, count := range h.Each {
		until += count
		steps = append(steps, step{value, until})
	}
	return func(limit time.Duration) (n int64) {
		for len(steps) > 1 && steps[1].value <= limit {
			steps = steps[1:]
		}
		return steps[0].until
	}
}

// moments are the mean and the standard deviation, in milliseconds.
func moments(h *hist.Histogram) (mean, deviation float64) {
	mean = inMillis(h.Mean())
	var sum float64
	for value, count := range h.Each {
		off := inMillis(value) - mean
		sum += off * off * float64(count)
	}
	return mean, math.Sqrt(sum / float64(h.Count()))
}
