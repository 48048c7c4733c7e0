package exporter

import "math"

// rate is what was counted between two pages, and the seconds that it was counted in, or another such amount that it is a
// share of. Over several pages both are added, so that pages that come unevenly change no mean.
type rate struct {
	amount, of float64
	// least is what a peak is counted in at least. How long it is between two pages is not known well, and a time that seems
	// too short would make a false peak.
	least float64
}

// unknown is a rate that a page does not tell.
var unknown = rate{math.NaN(), math.NaN(), 0}

// known is false too where nothing was counted that the rate is a share of.
func (r rate) known() bool { return r.of > 0 && !math.IsNaN(r.amount) }

func (r rate) value() float64 { return r.amount / r.of }

func (r rate) peak() float64 { return r.amount / max(r.of, r.least) }

// plus adds what is known.
func (r rate) plus(o rate) rate {
	switch {
	case !r.known():
		return o
	case !o.known():
		return r
	}
	return rate{r.amount + o.amount*(r.of/o.of), r.of, r.least} // a page may give series times of their own
}

// minus is what is left of a rate, and never less than nothing: counters of one page are not read at one instant.
func (r rate) minus(o rate) rate {
	return rate{max(0, r.amount-o.amount*(r.of/o.of)), r.of, r.least}
}

// share is the part of a rate that another one is.
func (r rate) share(of rate) rate { return rate{r.amount * (of.of / r.of), of.amount, 0} }

// times is a rate in another unit.
func (r rate) times(unit float64) rate { return rate{r.amount * unit, r.of, r.least} }

// upTo1 is the rate, or 1 if it is more.
func (r rate) upTo1() rate { return rate{min(r.amount, r.of), r.of, r.least} }

// or returns r, or o if r is not known.
func (r rate) or(o rate) rate {
	if r.known() {
		return r
	}
	return o
}
