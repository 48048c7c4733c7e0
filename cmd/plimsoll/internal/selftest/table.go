package selftest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// trial counts the verdicts of the comparisons with one change.
type trial struct {
	change
	times, red, right, other, open, pairs int
	took                                  time.Duration
}

// count adds a verdict to the trial of its change.
func (s *Selftest) count(c change, v gate.Verdict, took time.Duration) {
	at := slices.IndexFunc(s.trials, func(t *trial) bool { return t.change == c })
	if at < 0 {
		at = len(s.trials)
		s.trials = append(s.trials, &trial{change: c})
	}
	right, other := false, false
	for _, line := range v.Of(gate.Worse) {
		found := c.slower > 0 && line.Route == s.route || c.work > 0 && line.Metric.IsCost()
		right = right || found
		other = other || !found && c.work == 0 // more work may well make every route slower
	}
	t := s.trials[at]
	t.times++
	t.pairs += v.Baseline.Pairs
	t.took += took
	t.red += one(v.Outcome == gate.Fail)
	t.open += one(v.Outcome == gate.Inconclusive)
	t.right += one(right)
	t.other += one(other)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// describe names a change.
func (s *Selftest) describe(c change) string {
	switch {
	case c.work > 0:
		return fmt.Sprintf("CPU a request +%.3g %%", 100*c.work)
	case c.slower > 0:
		return fmt.Sprintf("%s +%.0f %% (%v)", s.route, 100*c.slower, s.delay(c))
	default:
		return "unchanged"
	}
}

// Print prints the tables of all comparisons.
func (s *Selftest) Print(w io.Writer) error {
	if len(s.trials) == 0 {
		return nil
	}
	slices.SortFunc(s.trials, func(x, y *trial) int {
		return cmp.Or(cmp.Compare(x.work, y.work), cmp.Compare(x.slower, y.slower))
	})
	var rows [][]string
	for _, t := range s.trials {
		rows = append(rows, s.row(t))
	}
	if err := report.Table(w, []string{"Change", "Compared", "Red", "Found", "Another blamed", "Inconclusive", "Pairs", "Time each"}, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `
Each cell counts comparisons, with the rate at 95 %% confidence (Wilson) in brackets. Both sides are the same
system behind a proxy, which delays one route of head%s. It took %s.
%s`, s.twice(), time.Since(s.began).Round(time.Second), s.forgiven()); err != nil {
		return err
	}
	return s.printSight(w)
}

// twice says how work is added, if it is.
func (s *Selftest) twice() string {
	if s.work() == 0 {
		return ""
	}
	return ", or sends some of its GET\nrequests to the system twice: that is more work for each answer"
}

// forgiven names the tried changes that gate.min_effect never lets fail; empty for none.
func (s *Selftest) forgiven() string {
	least := s.bench.Job.Policy.MinEffect
	var small []string
	for _, t := range s.trials {
		if by := s.delay(t.change); t.slower > 0 && by < least {
			small = append(small, fmt.Sprintf("+%.0f %% (%v)", 100*t.slower, by))
		}
	}
	if len(small) == 0 {
		return ""
	}
	return fmt.Sprintf("gate.min_effect is %v, and a smaller change never fails. On %s these are smaller: %s.\nA smaller min_effect finds them; gate.min_effect: 0 judges every change by its percentage alone.\n",
		least, s.route, strings.Join(small, ", "))
}

func (s *Selftest) row(t *trial) []string {
	rate := func(k int) string {
		i := stats.Wilson(k, t.times, 0.95)
		return fmt.Sprintf("%d (%.0f to %.0f %%)", k, 100*i.Low, 100*i.High)
	}
	found, other := "", rate(t.other)
	switch { // there is nothing to find, or nobody else to blame
	case t.change == (change{}):
	case t.work > 0:
		found, other = rate(t.right), ""
	default:
		found = rate(t.right)
	}
	return []string{
		s.describe(t.change), fmt.Sprint(t.times), rate(t.red), found, other, rate(t.open),
		fmt.Sprintf("%.1f of %d", float64(t.pairs)/float64(t.times), gate.MaxPairs), (t.took / time.Duration(t.times)).Round(time.Second).String(),
	}
}
