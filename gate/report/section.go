package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Found holds lines of the summary that other rooms found in a run; empty for what nobody asked for.
type Found struct {
	UnderLoad  string // how much slower it is than with few users
	Stability  string // whether anything drifted
	Bottleneck string // see Bottleneck
}

// section is a list of figures with a title.
type section struct {
	title string
	lines []string
}

// sections lists the parts of a run's final report: the load and the answers, who sent it, groups of routes, and the system.
// Sections without a line are left out.
func sections(r *result.Result, found Found) (all []section) {
	if len(r.Rounds) == 0 {
		return nil
	}
	for _, s := range []section{
		{"Load Test Summary", summaryOf(r, found)},
		{"Shards", shards(r)},
		{"Fleet", legs(r)},
		{"Performance Metrics", groups(r)},
		{UsageTitle, UsageOf(r).lines()},
	} {
		if len(s.lines) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// list are the lines of a section as a list.
func (s section) list() (lines []string) {
	for _, line := range s.lines {
		lines = append(lines, "- "+line)
	}
	return lines
}

// flat are sections as lines of plain text, with an empty one between two of them.
func flat(all []section) (lines []string) {
	for i, s := range all {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(append(lines, s.title+":"), s.list()...)
	}
	return lines
}

// write writes sections as plain text.
func write(w io.Writer, all []section) error {
	for _, line := range flat(all) {
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// Titles of lines in the summary of a run.
const (
	rateTitle      = "Requests per Second: "
	underLoadTitle = "Under Load: "
)

// summaryOf says in a few lines what was loaded and what came back.
func summaryOf(r *result.Result, found Found) []string {
	total := r.Tally.Total()
	failed, mean, p95, rate := unread, unread, unread, unread
	if n := total.Requests(); n > 0 {
		failed = hundredths(float64(total.Failures()) / float64(n))
	}
	if total.Response.Count() > 0 {
		mean, p95 = tight(total.Response.Mean()), tight(total.Response.Quantile(0.95))
	}
	if seconds := r.Length().Seconds(); seconds > 0 {
		rate = perSec(float64(total.Requests()) / seconds)
	}
	lines := append(asked(r),
		"Duration: "+duration(r),
		"Total Requests: "+thousands(total.Requests()),
		"Failure Rate: "+failed,
		"Average Response Time: "+mean,
		"95th Percentile: "+p95,
		rateTitle+rate,
	)
	for _, one := range [][2]string{{underLoadTitle, found.UnderLoad}, {"Stability: ", found.Stability}, {"Bottleneck: ", found.Bottleneck}} {
		if one[1] != "" {
			lines = append(lines, one[0]+plain(one[1], maxSentence))
		}
	}
	return lines
}

// asked says how hard the plan loads.
func asked(r *result.Result) []string {
	rate, stages := unread, ""
	if r.Load.Stages > 0 {
		stages = fmt.Sprintf(" (the most of %s)", count(r.Load.Stages, "stage"))
	}
	if r.Users == 0 {
		if r.Load.Rate > 0 {
			rate = trimmed(r.Load.Rate) + " tasks/sec" + stages
		}
		return []string{"Rate: " + rate}
	}
	switch {
	case r.Load.Stages > 0:
		rate = "in " + count(r.Load.Stages, "stage")
	case r.Load.SpawnRate > 0:
		rate = trimmed(r.Load.SpawnRate) + " users/sec"
	}
	return []string{"Total Users: " + thousands(int64(r.Users)) + stages, "Spawn Rate: " + rate}
}

// duration says how long the load was judged, and how long the warm-up took before.
func duration(r *result.Result) string {
	judged := inSeconds(r.Length())
	switch start := r.Rounds[0].Start; {
	case r.Starts > 0: // of a pair: its rounds lie between those of the other side
		return judged + " (judged)"
	case start == 0:
		return judged + " (judged; no warm-up)"
	default:
		return fmt.Sprintf("%s (judged; warm-up %s before)", judged, inSeconds(start))
	}
}

// inSeconds is a span in seconds, with up to three decimals.
func inSeconds(d time.Duration) string {
	d = d.Round(time.Millisecond)
	text := thousands(int64(d / time.Second))
	if rest := d % time.Second; rest > 0 {
		text += strings.TrimRight(fmt.Sprintf(".%03d", rest.Milliseconds()), "0")
	}
	if text == "1" {
		return "1 second"
	}
	return text + " seconds"
}

// maxGroups is the most groups that are listed.
const maxGroups = 40

// groups has a line for each group of routes. Its figures are those of all its requests together: the histograms are
// merged, and no means are averaged.
func groups(r *result.Result) (lines []string) {
	seconds := r.Length().Seconds()
	for _, name := range slices.Sorted(maps.Keys(r.Groups)) {
		routes := map[string]*tally.Route{}
		for _, route := range r.Groups[name] {
			if t := r.Tally.Routes[route]; t != nil {
				routes[route] = t
			}
		}
		all := (&tally.Tally{Routes: routes}).Total()
		rate, mean, failed := unread, unread, ""
		if seconds > 0 {
			rate = perSec(float64(all.Requests()) / seconds)
		}
		if all.Response.Count() > 0 {
			mean = tight(all.Response.Mean())
		}
		if all.Failures() > 0 {
			failed = ", " + hundredths(float64(all.Failures())/float64(all.Requests())) + " failed"
		}
		lines = append(lines, fmt.Sprintf("%s: %s req/s, %s avg%s", name80(name), rate, mean, failed))
	}
	return atMost(lines, maxGroups, "groups")
}

// name80 is a foreign name in plain text; one that looks like nothing is named so.
func name80(text string) string {
	if text = plain(text, maxName); text == "" {
		return "(no visible name)"
	}
	return text
}

// maxRunRows is the most routes in the table of a run's summary.
const maxRunRows = 200

// RunSummary writes a run as markdown, for the summary of a workflow's step: a table of its routes, and the lists that
// Run ends with.
func RunSummary(w io.Writer, r *result.Result, found Found) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plimsoll: %s under load\n\n", span(r.Series, maxName))
	if len(r.Problems) > 0 {
		var lines []string
		for _, p := range r.Problems {
			lines = append(lines, plain(p.Text, maxSentence))
		}
		fmt.Fprintf(&b, "This run is incomplete:\n\n%s\n", block(atMost(lines, maxTroubleLines, "problems")))
	}
	if len(r.Rounds) == 0 {
		fmt.Fprint(&b, "There are no figures: no round was measured to its end.\n\n")
	} else {
		runTable(&b, r)
	}
	for _, s := range sections(r, found) {
		fmt.Fprintf(&b, "#### %s\n\n%s\n", s.title, block(s.list()))
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// runTable writes the table of a run's routes, in markdown.
func runTable(b *strings.Builder, r *result.Result) {
	row := func(name string, t *tally.Route) []string {
		cells := []string{name, thousands(t.Requests()), unread, unread, unread, unread, unread, unread}
		if n := t.Requests(); n > 0 {
			cells[2] = share(float64(t.Failures()) / float64(n))
		}
		if seconds := r.Length().Seconds(); seconds > 0 {
			cells[3] = perSec(float64(t.Requests()) / seconds)
		}
		if t.Response.Count() > 0 {
			for i, d := range []time.Duration{t.Response.Mean(), t.Response.Quantile(0.5), t.Response.Quantile(0.95), t.Response.Quantile(0.99)} {
				cells[4+i] = latency(d)
			}
		}
		return cells
	}
	routes := r.Routes()
	t := table{header: []string{"Route", "Requests", "Failed", "Requests/s", "Mean", "p50", "p95", "p99"}, columns: "lrrrrrrr"}
	shown := routes[:min(len(routes), maxRunRows)]
	t.fill(len(shown), everything, func(i int) []string { return row(code(shown[i], maxName), r.Tally.Routes[shown[i]]) })
	t.rows = append(t.rows, row("all routes", r.Tally.Total()))
	t.write(b)
	if more := len(routes) - len(shown); more > 0 {
		fmt.Fprintf(b, "\nand %d more routes\n", more)
	}
	fmt.Fprintln(b)
}
