package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// coverHeader are the columns of the table of an API's operations.
var coverHeader = []string{"Operation", "Route", "Compared"}

// maxMissing is the most operations that a comment lists.
const maxMissing = 50

// operations says how many operations were compared.
func operations(compared, total int) string {
	return fmt.Sprintf("%d of %s in the API description", compared, count(total, "operation"))
}

// wholePercent is a share in whole percents, rounded down: only all is shown as 100 %.
func wholePercent(share float64) string { return fmt.Sprintf("%.0f %%", math.Floor(100*share+1e-9)) }

// coverageLine says how much of the API was compared; empty if nothing describes it.
func coverageLine(c *gate.Coverage, strong func(string) string) string {
	if c == nil {
		return ""
	}
	text := strong(operations(c.Compared, c.Total) + " compared")
	if c.LeftOut > 0 {
		text += fmt.Sprintf(" (%d left out by the profile)", c.LeftOut)
	}
	return text
}

// coverRow is an operation in a table.
func coverRow(c *gate.Covered, foreign show) []string {
	row := []string{foreign(c.Operation, maxName), foreign(c.Route, maxName), coverWords(c, foreign)}
	if c.Operation == "" {
		row[0] = "not in the description"
	}
	if c.Route == "" {
		row[1] = "–"
	}
	return row
}

// coverWords says whether an operation was compared, and why not.
func coverWords(c *gate.Covered, foreign show) string {
	switch c.Status {
	case gate.CoverCompared:
		if c.Operation == "" {
			return "compared all the same"
		}
		return "yes"
	case gate.CoverNoStep:
		return "no step sends it"
	case gate.CoverIgnored:
		return "no: gate.routes ignores it"
	case gate.CoverNotRequested:
		return "no: it was never requested"
	case gate.CoverFewRequests:
		return fmt.Sprintf("no: %s in a round, %s needs %d", count(int(min(c.Requests, math.MaxInt32)), "request"), metric(c.Metric, foreign), c.Needs)
	case gate.CoverFailing:
		return "no: " + failedShare(c, foreign)
	case gate.CoverFailedBefore:
		return "no: it failed before this change"
	case gate.CoverNew:
		return "new, nothing to compare"
	default:
		return "no: it could not be judged"
	}
}

// failedShare says how many requests of an operation failed, and how.
func failedShare(c *gate.Covered, foreign show) string {
	text := fmt.Sprintf("%s of %d failed", share(c.Share), c.Requests)
	if c.Share == 1 {
		text = fmt.Sprintf("all of %d failed", c.Requests)
	}
	if how := ways(c.Failures, int64(math.Round(c.Share*float64(c.Requests)))); how != "" {
		text += " (" + foreign(how, maxSentence) + ")"
	}
	return text
}

// missingOf lists what was not compared.
func missingOf(c *gate.Coverage) (missing []gate.Covered) {
	for _, one := range c.Operations {
		if one.Status != gate.CoverCompared {
			missing = append(missing, one)
		}
	}
	return missing
}

// writeCoverage writes the table of operations for a terminal: all of them if they are few, else those that
// were not compared.
func writeCoverage(w io.Writer, c *gate.Coverage) error {
	if c == nil {
		return nil
	}
	var rows, lacking [][]string
	for i := range c.Operations {
		row := coverRow(&c.Operations[i], plain)
		if rows = append(rows, row); c.Operations[i].Status != gate.CoverCompared {
			lacking = append(lacking, row)
		}
	}
	if err := apiTable(w, coverHeader, rows, lacking); err != nil {
		return err
	}
	if c.More > 0 {
		fmt.Fprintf(w, "and %s that this file does not list\n", count(c.More, "operation"))
	}
	_, err := fmt.Fprintln(w, coverageLine(c, func(text string) string { return text }))
	return err
}

// writeCoverage writes how much of the API was compared, and folds away the list of what was not.
func (v view) writeCoverage(b *strings.Builder, most int) {
	c := v.Verdict.Coverage
	if c == nil {
		return
	}
	fmt.Fprintf(b, "%s\n\n", coverageLine(c, func(text string) string { return "**" + text + "**" }))
	missing := missingOf(c)
	if len(missing) == 0 || most == 0 {
		return
	}
	shown := missing[:min(len(missing), most)]
	fmt.Fprint(b, "<details><summary>What was not compared of the API</summary>\n\n")
	t := table{header: coverHeader, columns: "lll"}
	t.fill(len(shown), everything, func(i int) []string {
		return coverRow(&shown[i], code)
	})
	t.write(b)
	if more := len(missing) - len(shown) + c.More; more > 0 {
		fmt.Fprintf(b, "\nand %s\n", count(more, "more operation"))
	}
	fmt.Fprint(b, "\n</details>\n\n")
}

// apiTable writes rows for a terminal: all of them if they are few, else those that lack something.
func apiTable(w io.Writer, header []string, rows, lacking [][]string) error {
	fmt.Fprintln(w)
	if len(rows) > maxTerminal {
		rows = lacking
	}
	shown := rows[:min(len(rows), maxTerminal)]
	if len(shown) > 0 {
		if err := Table(w, header, shown); err != nil {
			return err
		}
	}
	if more := len(rows) - len(shown); more > 0 {
		fmt.Fprintf(w, "and %s\n", count(more, "more operation"))
	}
	return nil
}

// Steps writes which steps of a profile send the operations of its API, as a table for a terminal; before anything is
// measured.
func Steps(w io.Writer, api *gate.API) error {
	if api == nil {
		return nil
	}
	sent := 0
	var rows, lacking [][]string
	for _, o := range api.Operations {
		row := []string{plain(o.Name, maxName), "–"}
		if len(o.Routes) > 0 {
			sent++
			row[1] = plain(strings.Join(o.Routes, ", "), maxSentence)
		} else {
			lacking = append(lacking, row)
		}
		rows = append(rows, row)
	}
	for _, route := range api.Others {
		row := []string{"not in the description", plain(route, maxName)}
		rows, lacking = append(rows, row), append(lacking, row)
	}
	if err := apiTable(w, coverHeader[:2], rows, lacking); err != nil {
		return err
	}
	left := ""
	if api.LeftOut > 0 {
		left = fmt.Sprintf(" (%d left out by the profile)", api.LeftOut)
	}
	_, err := fmt.Fprintf(w, "%d of %s in the API description have a step%s\n", sent, count(len(api.Operations), "operation"), left)
	return err
}

// Measured writes which operations of the API a run has requested, as a table for a terminal.
func Measured(w io.Writer, api *gate.API, requests func(route string) (all, failed int64)) error {
	if api == nil {
		return nil
	}
	measured := 0
	var rows, lacking [][]string
	add := func(name string, routes []string) (good bool) {
		row := []string{plain(name, maxName), "–", "no step sends it"}
		for _, route := range routes {
			all, failed := requests(route)
			row[1], row[2] = plain(route, maxName), fmt.Sprintf("yes: %s", count(int(min(all, math.MaxInt32)), "request"))
			switch {
			case all == 0:
				row[2] = "no: it was never requested"
			case all == failed:
				row[2] = fmt.Sprintf("no: all of %d failed", all)
			default:
				good = true
			}
			if good {
				break
			}
		}
		rows = append(rows, row)
		if !good {
			lacking = append(lacking, row)
		}
		return good
	}
	for _, o := range api.Operations {
		if add(o.Name, o.Routes) {
			measured++
		}
	}
	for _, route := range api.Others {
		add("not in the description", []string{route})
	}
	if err := apiTable(w, []string{"Operation", "Route", "Measured"}, rows, lacking); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s measured\n", operations(measured, len(api.Operations)))
	return err
}
