package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// CapacityTold is a search for the highest load in parts, as plain text.
type CapacityTold struct {
	Line   string   // the answer
	Beside []string // the evidence for it, and what else was seen
	Limits []Limit  // of response times, those that broke first
	More   int      // limits that are left out
	Trials Grid
	Method []string // in the form "name: text"
	Absent []string // what was not read, and why
}

// Limit is a limit of a search.
type Limit struct {
	Name string
	At   int // its place among the Judged of a trial
}

const (
	maxLimits = 6   // that are shown
	maxTrials = 500 // that are listed
)

// TellCapacity splits a search into its parts.
func TellCapacity(r capacity.Report) CapacityTold {
	t := CapacityTold{Line: CapacityLine(r), Beside: besidesClaim(r), Method: howSearched(r)}
	shown := limitsOf(r)
	t.More = len(shown)
	shown = shown[:min(len(shown), maxLimits)]
	t.More -= len(shown)
	for _, at := range shown {
		t.Limits = append(t.Limits, Limit{name80(r.SLO[at]), at})
	}
	listed := r.Trials[:min(len(r.Trials), maxTrials)]
	t.Trials = gridOf(trialGrid(r, listed, shown, func(text string, _ int) string { return name80(text) }))
	t.Trials.More = len(r.Trials) - len(listed)
	for _, a := range r.Absent {
		t.Absent = append(t.Absent, name80(a.Source)+": "+plain(a.Why, maxSentence))
	}
	t.Absent = atMost(t.Absent, maxTroubleLines, "sources")
	return t
}

// limitsOf are the places of the limits, those that most trials broke first.
func limitsOf(r capacity.Report) (places []int) {
	broke := make([]int, len(r.SLO))
	for at := range r.SLO {
		places = append(places, at)
		for _, o := range r.Trials {
			if at < len(o.Judged) && o.Judged[at].Status == gate.Worse {
				broke[at]++
			}
		}
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(broke[b], broke[a]) })
	return places
}

// trialGrid has a row for each trial, and a column for each of these limits.
func trialGrid(r capacity.Report, trials []capacity.Outcome, limits []int, foreign show) grid {
	g := grid{columns: "rllrrrr" + strings.Repeat("r", len(limits)), header: []string{"Trial", "Judged", "Outcome", "Requests", "Answered", "Failed", "Generator"}}
	for _, at := range limits {
		g.header = append(g.header, foreign(r.SLO[at], maxName))
	}
	for i := range trials {
		g.rows = append(g.rows, trialRow(r.Claim, &trials[i], limits))
	}
	return g
}

// howSearched says what was searched for, where and when, in lines of the form "name: text".
func howSearched(r capacity.Report) (lines []string) {
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	var limits []string
	for _, rule := range r.SLO {
		limits = append(limits, name80(rule))
	}
	var took time.Duration
	for _, o := range r.Trials {
		took += o.Took
	}
	add("limits", strings.Join(atMost(limits, maxTroubleLines, "limits"), "; "))
	add("trials", fmt.Sprintf("%d in %s", len(r.Trials), spanOf(1, took)))
	add("target", plain(r.Target, maxName))
	add("commit", plain(short(r.Commit), maxName))
	add("machine of the load generator", plain(r.Environment.Words(), maxSentence))
	if !r.Started.IsZero() {
		add("begun", r.Started.UTC().Format("2006-01-02 15:04 UTC"))
	}
	add("plimsoll", plain(r.Tool, maxName))
	return lines
}

// CapacityMarkdown writes the outcome of a search for the summary of a job, or for a wiki.
func CapacityMarkdown(w io.Writer, r capacity.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plimsoll: the highest load that %s holds\n\n%s\n", span(r.Series, maxName), block(append([]string{CapacityLine(r)}, besidesClaim(r)...)))
	limits := limitsOf(r)
	g := trialGrid(r, r.Trials[:min(len(r.Trials), maxTrials)], limits[:min(len(limits), maxLimits)], code)
	if len(g.rows) > 0 {
		t := table{header: g.header, columns: g.columns}
		t.fill(len(g.rows), everything, func(i int) []string { return g.rows[i] })
		t.write(&b)
		writeLeftOut(&b, len(r.Trials)-len(g.rows), "trials")
		writeLeftOut(&b, len(limits)-min(len(limits), maxLimits), "limits")
		fmt.Fprint(&b, "\n")
	}
	fmt.Fprintf(&b, "#### How this was measured\n\n%s", block(howSearched(r)))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeLeftOut(b *strings.Builder, n int, what string) {
	if n > 0 {
		fmt.Fprintf(b, "\nand %d more %s\n", n, what)
	}
}
