package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// render writes a report as a plain text table.
func (r report) render(w io.Writer) error {
	fmt.Fprintf(w, "\n%s: %s\n\n", r.Scenario, r.About)
	if len(r.Figures) == 0 {
		_, err := fmt.Fprintln(w, "nothing was measured")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
	row("tool", "figure", "median", "lowest", "highest", "of "+cmp.Or(r.Yardstick, "wrk"), "core busy", "server busy")
	for _, f := range r.Figures {
		row(f.Tool, f.What, number(f.Median), number(f.Low), number(f.High), orDash(f.Ratio, number),
			orDash(f.CoreBusy, percent), orDash(f.ServerBusy, percent))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, g := range r.Goals {
		bound := "at least"
		if g.AtMost {
			bound = "at most"
		}
		fmt.Fprintf(w, "\n%s: %s, must be %s %s: %s", g.Text, orDash(g.Got, number), bound, number(g.Limit), g.verdict())
	}
	_, err := fmt.Fprintln(w)
	return err
}

func orDash(value *float64, format func(float64) string) string {
	if value == nil {
		return "-"
	}
	return format(*value)
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

// number writes a value with three significant digits, or with all digits before the point, and with
// commas between thousands.
func number(value float64) string {
	if value == 0 {
		return "0"
	}
	// Rounded first: 99.9996 has three digits before the point.
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64); err == nil && math.Abs(value) < 1000 {
		value = rounded
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(value))))
	text := strconv.FormatFloat(value, 'f', min(max(digits, 0), 6), 64)
	whole, fraction, hasFraction := strings.Cut(text, ".")
	sign := ""
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		return sign + whole + "." + fraction
	}
	return sign + whole
}
