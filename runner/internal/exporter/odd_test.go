package exporter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// What a page tells and cannot be used is missing, with a sentence for each kind. It costs all sums that it is a part of.
func TestWhatCannotBeUsed(t *testing.T) {
	var groups strings.Builder
	for i := range 51 {
		fmt.Fprintf(&groups, "namedprocess_namegroup_num_procs{groupname=\"%d\"} 1\n", i)
	}
	for name, c := range map[string]struct {
		page    string
		figures string
		absent  []result.Absent
	}{
		"no finite value": {"process_cpu_seconds_total NaN\nprocess_resident_memory_bytes +Inf\nkept_it -Inf\nkept_total NaN\nprocess_open_fds 5\n", `{"app.open_files":5}`, []result.Absent{
			{Source: "app values", Why: "4 series have no finite value: kept_it is -Inf, kept_total is NaN, process_cpu_seconds_total is NaN and 1 more"}}},
		"a part without a value": {"pg_stat_activity_count{state=\"active\"} 3\npg_stat_activity_count{state=\"idle\"} NaN\n", `{"app.running_queries":3}`, []result.Absent{
			{Source: "app values", Why: `1 series has no finite value: pg_stat_activity_count{state="idle"} is NaN`}}},
		"a summary that nobody asks for": {"go_gc_duration_seconds{quantile=\"0\"} NaN\ngo_goroutines 5\n", `{"app.goroutines":5}`, nil},
		"too large": {"process_resident_memory_bytes 1e308\nkept_total 1e308\n", `{}`, []result.Absent{
			{Source: "app large values", Why: "2 series have values that are too large: kept_total is 1e+308, process_resident_memory_bytes is 1e+308"}}},
		"negative": {"process_open_fds -5\nprocess_max_fds 10\nkept_total -3\nkept_level -2\nnode_memory_MemTotal_bytes 1\nnode_memory_MemAvailable_bytes 2\n", `{"app.kept_level":-2,"app.kept_total_per_sec":0,"app.memory_total_bytes":1}`, []result.Absent{
			{Source: "app negative values", Why: "2 figures are negative, which cannot be: app.memory_used_bytes is -1, process_open_fds is -5"}}},
		"no limit": {"process_open_fds 5\nprocess_max_fds -1\n", `{"app.open_files":5}`, nil},
		"doubles": {"process_resident_memory_bytes 100\nprocess_resident_memory_bytes 200\nkept{a=\"1\",b=\"2\"} 1\nkept{b=\"2\",a=\"1\"} 5\nkept{a=\"2\"} 7\n", `{"app.kept{a=\"2\"}":7}`, []result.Absent{
			{Source: "app doubles", Why: `2 series stand there more than once: kept{a="1",b="2"}, process_resident_memory_bytes`}}},
		"names": {"kept{a=\"\x1b[31mred\"} 3\nkept{a=\"" + strings.Repeat("x", 500) + "\"} 3\nprocess_open_fds 5\n", `{"app.open_files":5}`, []result.Absent{
			{Source: "app names", Why: `2 names are longer than 400 bytes or hold control characters: "app.kept{a=\"\x1b[31mred\"}", "app.kept{a=\"` + strings.Repeat("x", 86) + `…`}}},
		"several kinds": {"process_open_fds -5\nprocess_resident_memory_bytes NaN\ngo_threads many\n", `{}`, []result.Absent{
			{Source: "app lines", Why: `1 bad lines of its page are left out, the first: line 3: "many" is no number`},
			{Source: "app negative values", Why: "1 figure is negative, which cannot be: process_open_fds is -5"},
			{Source: "app values", Why: "1 series has no finite value: process_resident_memory_bytes is NaN"}}},
		"more series than are read": {strings.Repeat("go_gc 1\n", 20_000) + "go_gc 1\ngo_gc 2\n", `{}`, []result.Absent{
			{Source: "app series", Why: "only the first 20000 series of its page are read, 2 are left out"}}},
		"more groups than are read": {groups.String(), "", []result.Absent{
			{Source: "app parts", Why: "1 label has more than 50 values, and the others are left out: groupname of namedprocess_namegroup_num_procs has 51"}}},
	} {
		t.Run(name, func(t *testing.T) {
			keep := []string{"kept*"}
			if !strings.Contains(c.page, "kept") {
				keep = nil
			}
			figures, absent := readings(t, exporter.Config{Keep: keep}, c.page, c.page)
			slices.SortFunc(absent, func(a, b result.Absent) int { return strings.Compare(a.Source, b.Source) })
			if got := text(t, figures); c.figures != "" && got != c.figures || !slices.Equal(absent, c.absent) {
				t.Errorf("got %s, %q\nwant %s, %q", got, absent, c.figures, c.absent)
			}
		})
	}
}

// Of a label's values, the first in the order of numbers are read: card 9 before card 10.
func TestManyCards(t *testing.T) {
	var page strings.Builder
	for i := range 60 {
		fmt.Fprintf(&page, "DCGM_FI_DEV_FB_USED{gpu=\"%d\"} 1\n", i)
	}
	figures, absent := readings(t, exporter.Config{}, page.String())
	_, last := figures["app.gpu.49.memory_used_bytes"]
	if _, more := figures["app.gpu.50.memory_used_bytes"]; !last || more || len(absent) != 1 {
		t.Errorf("%v, %v", figures, absent)
	}
}

// A machine has as many cores as its page tells, however many.
func TestManyCores(t *testing.T) {
	var page strings.Builder
	for i := range 96 {
		fmt.Fprintf(&page, "node_cpu_seconds_total{cpu=\"%d\",mode=\"idle\"} 1\n", i)
	}
	if figures, absent := readings(t, exporter.Config{}, page.String()); figures["app.cpu_capacity"] != 96 || len(absent) > 0 {
		t.Errorf("%v, %v", figures, absent)
	}
}
