package main

import "slices"

// report is the outcome of one scenario.
type report struct {
	Scenario string   `json:"scenario"`
	About    string   `json:"about"`
	Figures  []figure `json:"figures"`
	Goals    []goal   `json:"goals"`

	Yardstick string `json:"yardstick,omitempty"` // what the ratios of the figures are to; empty for wrk
}

// figure is one value of one tool over the rounds.
type figure struct {
	Tool   string    `json:"tool"`
	What   string    `json:"what"` // with the unit
	Median float64   `json:"median"`
	Low    float64   `json:"low"`
	High   float64   `json:"high"`
	Rounds []float64 `json:"rounds"`

	Ratio      *float64 `json:"ratio,omitempty"` // to the yardstick: median of the ratios within each round
	CoreBusy   *float64 `json:"core_busy,omitempty"`
	ServerBusy *float64 `json:"server_busy,omitempty"` // medians, 0..1
}

// goal is a value that must be reached.
type goal struct {
	Text   string   `json:"text"`
	Limit  float64  `json:"limit"`
	AtMost bool     `json:"at_most"`       // Limit is an upper limit, not a lower one
	Got    *float64 `json:"got,omitempty"` // nil if it was not measured
}

// newFigure summarises the values of a key. It returns false if there are none.
func newFigure(rounds []round, k key) (f figure, ok bool) {
	f = figure{Tool: k.tool, What: k.what}
	var busy, serverBusy []float64
	for _, r := range rounds {
		value, measured := r.values[k]
		if !measured {
			continue
		}
		f.Rounds = append(f.Rounds, value)
		if c, known := r.cores[k.tool]; known {
			busy, serverBusy = append(busy, c.generator), append(serverBusy, c.server)
		}
	}
	if len(f.Rounds) == 0 {
		return f, false
	}
	f.Median, f.Low, f.High = *median(f.Rounds), slices.Min(f.Rounds), slices.Max(f.Rounds)
	f.CoreBusy, f.ServerBusy = median(busy), median(serverBusy)
	return f, true
}

// figures summarises the entries, each with its ratio to yardstick, unless that is nil.
func figures(rounds []round, entries []entry, yardstick *key) (all []figure) {
	for _, e := range entries {
		for _, what := range e.whats {
			f, ok := newFigure(rounds, key{e.tool, what})
			if !ok {
				continue
			}
			if yardstick != nil {
				f.Ratio = ratio(rounds, key{e.tool, what}, *yardstick)
			}
			all = append(all, f)
		}
	}
	return all
}

// ratio is the median of a/b over the rounds that have both; nil if none has.
func ratio(rounds []round, a, b key) *float64 {
	return overRounds(rounds, func(r round) (float64, bool) {
		numerator, ok1 := r.values[a]
		denominator, ok2 := r.values[b]
		return numerator / denominator, ok1 && ok2 && denominator > 0
	})
}

// overRounds is the median of a value over the rounds that have it; nil if none has.
func overRounds(rounds []round, say func(round) (float64, bool)) *float64 {
	var values []float64
	for _, r := range rounds {
		if value, ok := say(r); ok {
			values = append(values, value)
		}
	}
	return median(values)
}

// median is the middle value, or the mean of the two middle ones; nil if there is none.
func median(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	middle := (sorted[(n-1)/2] + sorted[n/2]) / 2
	return &middle
}

// verdict says in a word whether a goal was reached.
func (g goal) verdict() string {
	switch {
	case g.Got == nil:
		return "not measured"
	case g.AtMost && *g.Got <= g.Limit, !g.AtMost && *g.Got >= g.Limit:
		return "reached"
	default:
		return "missed"
	}
}
