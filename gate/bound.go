package gate

import "slices"

// Bound returns the verdict, cut to the bounds of Validate, and the number of comparisons left out. It keeps
// the worst. Texts that were too long end with an ellipsis.
func (v Verdict) Bound() (bounded Verdict, leftOut int) {
	order := WorstFirst(v.Comparisons)
	kept := order[:min(len(order), maxComparisons)]
	comparisons := make([]Comparison, len(kept))
	for i, place := range kept {
		comparisons[i] = v.Comparisons[place]
		comparisons[i].Why = comparisons[i].Why.clone()
		comparisons[i].Failures = boundFailures(comparisons[i].Failures)
	}
	v.Comparisons = comparisons
	v.Thresholds = slices.Clone(v.Thresholds)
	slices.SortStableFunc(v.Thresholds, func(a, b Threshold) int { return b.Status.Severity() - a.Status.Severity() })
	v.Thresholds = v.Thresholds[:min(len(v.Thresholds), maxThresholds)]
	v.Coverage = v.Coverage.bound()
	v.Stability = boundCourses(v.Stability)
	v.Reasons, v.Notices = boundReasons(v.Reasons), boundReasons(v.Notices)
	v.Changed = slices.Clone(v.Changed[:min(len(v.Changed), maxChanged)])
	if v.Reasons == nil {
		v.Reasons = []Reason{}
	}
	if v.Loads != nil {
		loads := *v.Loads
		v.Loads = &loads
	}
	if v.Accepted != nil {
		accepted := *v.Accepted
		accepted.At = accepted.At.UTC()
		v.Accepted = &accepted
	}
	names, words := v.texts()
	for _, text := range names {
		*text = cut(*text, maxName)
	}
	for _, text := range words {
		*text = cut(*text, maxText)
	}
	return v, len(order) - len(kept)
}

// boundReasons copies the first reasons, as deep as texts points.
func boundReasons(reasons []Reason) []Reason {
	reasons = slices.Clone(reasons[:min(len(reasons), maxReasons)])
	for i := range reasons {
		r := &reasons[i]
		r.Why = r.Why.clone()
		r.Names = slices.Clone(r.Names[:min(len(r.Names), maxNames)])
		r.Metrics, r.Sights = slices.Clone(r.Metrics), slices.Clone(r.Sights)
		r.Failures = boundFailures(r.Failures)
		r.Course = r.Course.clone()
	}
	return reasons
}

func boundFailures(all []Failure) []Failure { return slices.Clone(all[:min(len(all), maxFailures)]) }

func (w *Why) clone() *Why {
	if w == nil {
		return nil
	}
	copied := *w
	copied.Routes = slices.Clone(w.Routes)
	return &copied
}

// texts points to all texts of a verdict: names, and words of other programs or people.
func (v *Verdict) texts() (names, words []*string) {
	names = []*string{&v.Baseline.Branch, &v.Baseline.Commit}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		names = append(append(names, &c.Route, (*string)(&c.Metric)), c.Why.names()...)
		names, words = failureTexts(c.Failures, names, words)
	}
	for i := range v.Changed {
		d := &v.Changed[i]
		names = append(names, &d.What, &d.Name, &d.Before, &d.Now)
	}
	for i := range v.Thresholds {
		names = append(names, &v.Thresholds[i].Route, &v.Thresholds[i].Rule)
	}
	for i := range v.Stability {
		names, words = v.Stability[i].texts(names, words)
	}
	for _, reasons := range [][]Reason{v.Reasons, v.Notices} {
		for i := range reasons {
			names, words = append(names, reasons[i].names()...), append(words, &reasons[i].Text)
			names, words = failureTexts(reasons[i].Failures, names, words)
			names, words = reasons[i].Course.texts(names, words)
		}
	}
	if v.Loads != nil {
		words = append(words, &v.Loads.Idle.Unread, &v.Loads.Full.Unread)
	}
	if v.Accepted != nil {
		names, words = append(names, &v.Accepted.By, &v.Accepted.Label), append(words, &v.Accepted.Why)
	}
	return v.Coverage.texts(names, words)
}

// failureTexts adds the texts of failures.
func failureTexts(all []Failure, names, words []*string) (_, _ []*string) {
	for i := range all {
		names, words = append(names, &all[i].Class), append(words, &all[i].Text)
	}
	return names, words
}

func (r *Reason) names() []*string {
	names := []*string{&r.Route, (*string)(&r.Metric), &r.Rule, &r.Branch, &r.Commit, &r.By, &r.Label}
	for i := range r.Metrics {
		names = append(names, (*string)(&r.Metrics[i]))
	}
	for i := range r.Names {
		names = append(names, &r.Names[i])
	}
	for i := range r.Sights {
		names = append(names, &r.Sights[i].Route, (*string)(&r.Sights[i].Metric))
	}
	return append(names, r.Why.names()...)
}

func (w *Why) names() []*string {
	if w == nil {
		return nil
	}
	names := make([]*string, len(w.Routes), len(w.Routes)+1)
	for i := range w.Routes {
		names[i] = &w.Routes[i]
	}
	return append(names, (*string)(&w.By))
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
