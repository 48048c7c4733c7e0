package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// comparison is what -against found.
type comparison struct {
	Against   string    `json:"against"` // as it was asked for
	Commit    string    `json:"commit"`
	Rounds    int       `json:"rounds"`
	Mode      string    `json:"mode"` // how the programs connect
	Machine   string    `json:"machine"`
	Scenarios []changes `json:"scenarios"`
}

// changes is the outcome of one scenario.
type changes struct {
	Scenario string   `json:"scenario"`
	About    string   `json:"about"`
	Figures  []change `json:"figures"`
}

// change is one cost of both programs over the rounds. Less is better.
type change struct {
	What string    `json:"what"` // with the unit
	Old  []float64 `json:"old"`  // one for each round in which both were measured
	New  []float64 `json:"new"`
	// Of the ratios new/old, each taken within its round.
	Ratio float64 `json:"ratio_median"`
	Low   float64 `json:"ratio_low"`
	High  float64 `json:"ratio_high"`
}

// changesOf compares the programs round by round. It leaves out a figure that no round has for both.
func changesOf(rounds []round, whats []string) (all []change) {
	for _, what := range whats {
		c := change{What: what}
		var ratios []float64
		for _, r := range rounds {
			before, ok1 := r.values[key{oldProgram, what}]
			after, ok2 := r.values[key{newProgram, what}]
			if ok1 && ok2 && before > 0 {
				c.Old, c.New, ratios = append(c.Old, before), append(c.New, after), append(ratios, after/before)
			}
		}
		if len(ratios) > 0 {
			c.Ratio, c.Low, c.High = *median(ratios), slices.Min(ratios), slices.Max(ratios)
			all = append(all, c)
		}
	}
	return all
}

// judged reports whether -within applies to a figure. It does not apply to lateness, which depends more
// on what else the machine does than on the program.
func (c change) judged() bool { return c.What != costLag50 && c.What != costLag99 }

// past returns an error that names the costs whose median ratio is above 1+within. 0 is no limit.
func (c comparison) past(within float64) (err error) {
	if within <= 0 {
		return nil
	}
	for _, s := range c.Scenarios {
		for _, f := range s.Figures {
			if f.judged() && f.Ratio > 1+within {
				err = errors.Join(err, fmt.Errorf("%s, %s: %.3f times that of %s, allowed is %.3f", s.Scenario, f.What, f.Ratio, c.Against, 1+within))
			}
		}
	}
	return err
}

// write prints the comparison. Its error names the costs past -within.
func (c comparison) write(w io.Writer, o options) error {
	if !o.json {
		return errors.Join(c.render(w), c.past(o.within))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return errors.Join(encoder.Encode(c), c.past(o.within))
}

// render writes the comparison as plain text tables.
func (c comparison) render(w io.Writer) error {
	fmt.Fprintf(w, "\nthis tree against %s (%.12s), %d rounds, the programs in turn\n%s\n%s\n", c.Against, c.Commit, c.Rounds, c.Mode, c.Machine)
	for _, s := range c.Scenarios {
		fmt.Fprintf(w, "\n%s: %s\n\n", s.Scenario, s.About)
		if len(s.Figures) == 0 {
			fmt.Fprintln(w, "nothing was measured")
			continue
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "figure\told, median\tnew, median\tnew/old, median\tlowest\thighest\trounds")
		for _, f := range s.Figures {
			fmt.Fprintf(table, "%s\t%s\t%s\t%.3f\t%.3f\t%.3f\t%d\n", f.What, number(*median(f.Old)), number(*median(f.New)), f.Ratio, f.Low, f.High, len(f.Old))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// machine describes this machine in one line.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // empty on an error
	return fmt.Sprintf("%s, %d cores, %s/%s, kernel %s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(kernel)), runtime.Version())
}

// parsePercent reads a share above 0 such as 3%.
func parsePercent(text string) (float64, error) {
	value, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(value > 0 && value <= 100) || !strings.HasSuffix(text, "%") {
		return 0, fmt.Errorf("%q is not a percentage such as 3%%", text)
	}
	return value / 100, nil
}
