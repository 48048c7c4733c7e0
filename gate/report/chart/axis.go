package chart

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Axis maps values to positions.
type Axis struct {
	Log      bool // equal ratios are equally far apart
	From, To float64
	Ticks    []Tick
}

// Tick is a line at a value of an axis, with a label unless that is empty.
type Tick struct {
	At    float64
	Label string
}

// at returns the position of a value, from 0 to 1. Values beyond the axis are at its ends.
func (a Axis) at(v float64) float64 {
	from, to := a.From, a.To
	if a.Log {
		v, from, to = math.Log(v), math.Log(from), math.Log(to)
	}
	if !(to > from) {
		return 0.5
	}
	return min(max((v-from)/(to-from), 0), 1)
}

// place is at in units of the plotted area.
func (a Axis) place(v float64) int { return int(math.Round(units * a.at(v))) }

// Linear is an axis that holds values from low to high and ends on round numbers, with about most ticks.
func Linear(low, high float64, most int, label func(float64) string) Axis {
	return LinearIn(1, low, high, most, label)
}

// LinearIn is Linear for values whose round numbers are those of a unit, such as 1<<30 for bytes of memory.
func LinearIn(unit, low, high float64, most int, label func(float64) string) Axis {
	if !(high > low) {
		low, high = min(low, 0), max(high, low+unit)
	}
	step := unit * RoundStep((high-low)/unit/float64(max(most, 2)))
	a := Axis{From: math.Floor(low/step+1e-9) * step, To: math.Ceil(high/step-1e-9) * step}
	a.mark(step, label)
	return a
}

// mark sets ticks at the multiples of a step. If neighbours have equal labels, only one shows it.
func (a *Axis) mark(step float64, label func(float64) string) {
	for k := math.Ceil(a.From/step - 1e-9); k*step <= a.To+1e-9*step; k++ {
		at := k*step + 0 // turns −0 into 0, which prints without a sign
		a.add(at, label(at))
	}
}

func (a *Axis) add(at float64, label string) {
	for i := len(a.Ticks) - 1; i >= 0 && label != ""; i-- {
		if before := a.Ticks[i].Label; before != "" {
			if before == label {
				label = ""
			}
			break
		}
	}
	a.Ticks = append(a.Ticks, Tick{at, label})
}

// RoundStep is the least of 1, 2 and 5 times a power of ten that is not below v.
func RoundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, by := range []float64{1, 2, 5} {
		if by*power >= v*(1-1e-9) {
			return by * power
		}
	}
	return 10 * power
}

// leastTicks is the minimum number of ticks, even for a narrow range.
const leastTicks = 4

// Log is a logarithmic axis that holds positive values from low to high. Its ticks are powers of ten; 1, 2 and 5 times
// powers of ten; or, for a narrow range, equal steps: the first that gives enough ticks and not too many.
func Log(low, high float64, most int, label func(float64) string) Axis {
	if !(low > 0) {
		low = 1
	}
	if !(high > low) {
		low, high = low/1.5, low*1.5
	}
	margin := math.Pow(high/low, 0.04)
	a := Axis{Log: true, From: low / margin, To: high * margin}
	for _, factors := range [][]float64{{1}, {1, 3}, {1, 2, 5}} {
		a.Ticks = a.Ticks[:0]
		for power := math.Pow(10, math.Floor(math.Log10(a.From))); power <= a.To; power *= 10 {
			for _, by := range factors {
				if v := by * power; v >= a.From && v <= a.To {
					a.add(v, label(v))
				}
			}
		}
		if len(a.Ticks) >= leastTicks {
			return a
		}
	}
	for ; ; most++ {
		a.Ticks = a.Ticks[:0]
		if a.mark(RoundStep((a.To-a.From)/float64(max(most, leastTicks))), label); len(a.Ticks) >= leastTicks {
			return a
		}
	}
}

// Tail is an axis of quantiles on which each decade of the tail is equally wide: a quantile q is at 1/(1−q), on a log
// scale. least, from 0 to 1, is the quantile at its beginning.
func Tail(least, most float64) Axis {
	a := Axis{Log: true, From: InTail(least), To: max(InTail(most), 2*InTail(least))}
	wide := a.To/a.From > 2e3 // no room for labels of p75 and p95
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999} {
		v := InTail(q)
		if v < a.From*(1-1e-9) || v > a.To*(1+1e-9) {
			continue
		}
		label := "p" + strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", 100*q), "0"), ".")
		if q == 0.75 || q == 0.95 && wide {
			label = ""
		}
		a.add(v, label)
	}
	return a
}

// InTail returns the value of a quantile on an axis made by Tail.
func InTail(q float64) float64 { return 1 / max(1-q, 1e-9) }

// Readable steps of a time axis.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// Time is an axis of seconds, with at most seven ticks.
func Time(from, to float64) Axis {
	a := Axis{From: from, To: max(to, from+1)}
	step := steps[len(steps)-1]
	for _, one := range steps {
		if (a.To-a.From)/one.Seconds() <= 6 {
			step = one
			break
		}
	}
	a.mark(step.Seconds(), func(v float64) string { return clock(time.Duration(math.Round(v))*time.Second, step) })
	return a
}

// clock formats a time for an axis with a step: 30 s, 5 min, 1:30 min, 2 h or 1:05 h.
func clock(at, step time.Duration) string {
	switch seconds, minutes := int(at.Seconds()), int(at.Minutes()); {
	case at == 0:
		return "0"
	case step >= time.Hour || at%time.Hour == 0:
		return fmt.Sprintf("%d h", minutes/60)
	case at >= time.Hour:
		return fmt.Sprintf("%d:%02d h", minutes/60, minutes%60)
	case at%time.Minute == 0:
		return fmt.Sprintf("%d min", minutes)
	case at > time.Minute:
		return fmt.Sprintf("%d:%02d min", minutes, seconds%60)
	default:
		return fmt.Sprintf("%d s", seconds)
	}
}
