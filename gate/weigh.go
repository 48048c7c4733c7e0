package gate

import "slices"

// weigh makes the verdict. Its reasons are the rows and thresholds past their limits, then the given
// doubts, then the rows in doubt. Failure rates need no baseline, so they fail a change even if nothing
// could be compared.
func weigh(v Verdict, rows []row, doubts ...Reason) Verdict {
	comparisons := make([]Comparison, len(rows))
	for i := range rows {
		comparisons[i] = rows[i].Comparison
	}
	order := WorstFirst(comparisons)
	v.Comparisons = make([]Comparison, len(order))
	for k, i := range order {
		v.Comparisons[k] = comparisons[i]
		reason, ok := reasonOf(v.Mode, &comparisons[i])
		if ok && comparisons[i].Status != Worse && !rows[i].along {
			doubts = append(doubts, reason)
		}
	}
	failed := failures(v.Mode, v.Comparisons, v.Thresholds)
	if len(failed)+len(doubts) == 0 && v.Compared == 0 {
		doubts = append(doubts, Reason{Kind: NothingCompared})
	}
	v.Reasons = slices.Concat(failed, doubts)
	switch {
	case len(failed) > 0:
		v.Outcome = Fail
	case len(doubts) > 0:
		v.Outcome = Inconclusive
	default:
		v.Outcome = Pass
	}
	return v
}

// lowSight notes the lines in which only large changes can be seen: larger than one and a half limits and than
// ten points.
func lowSight(rows []row, of Part) []Reason {
	var low []Sight
	for i := range rows {
		c := &rows[i].Comparison
		if rows[i].found != nil && c.Status == Within && c.SmallestVisible > guardFactor*max(c.Limit, -c.Limit)+0.10 {
			low = append(low, Sight{c.Route, c.Metric, c.SmallestVisible})
		}
	}
	if len(low) == 0 {
		return nil
	}
	shown := min(len(low), mostSights)
	return []Reason{{Kind: LowSight, Of: of, Sights: low[:shown:shown], Has: len(low) - shown}}
}

// mostSights is the most lines that a LowSight notice names.
const mostSights = 5
