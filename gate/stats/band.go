package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Counted is one round of values, in any order, each with its count.
type Counted struct {
	Values []float64
	Counts []int64
}

// Spectrum compares the quantiles of two sides.
type Spectrum struct {
	Base, Head []float64 // the quantiles of all rounds together; NaN for a side without values
	// BaseBand and HeadBand are pointwise: each quantile lies in its interval with 95 % confidence. nil for too few rounds.
	BaseBand, HeadBand []Interval
	Shift              []float64 // head less base
	// ShiftBand is simultaneous: all shifts lie in it with 95 % confidence. Where it is above 0, head is higher. nil for too
	// few rounds.
	ShiftBand []Interval
}

// The rule of Spectra.
const (
	// LeastRounds is how many rounds a band needs: fewer do not show how much rounds vary.
	LeastRounds = 6

	mostRounds = 100    // more are joined with their neighbours, which also keeps slow waves inside a round
	redraws    = 300    // of the rounds
	binWidth   = 0.0025 // values closer than that count as one: 0.25 % on the log scale
	mostBins   = 20_000
	sureness   = 0.95
)

// Spectra estimates the quantiles qs, in growing order, of base and head, with confidence bands. Either side may be
// empty. The bands come from resampling whole rounds (Efron, Bootstrap methods: another look at the jackknife, Annals of
// Statistics 7, 1979), since the requests of a round are correlated. If both sides have the same number of rounds, Spectra
// takes them for pairs and draws both rounds of a pair together.
//
// Shift is the shift function of Doksum, Empirical probability plots and statistical inference for nonlinear models in
// the two-sample case, Annals of Statistics 2, 1974. Its band is the sup-t band: every shift gets the same multiple of its
// own standard error. In 95 % of the resamples no shift deviates by more than that multiple (Montiel Olea and
// Plagborg-Møller, Simultaneous confidence bands, Journal of Applied Econometrics 34, 2019).
func Spectra(base, head []Counted, qs []float64, seed uint64) Spectrum {
	b, h := newBins(base, head)
	s := Spectrum{Base: b.quantiles(nil, qs), Head: h.quantiles(nil, qs)}
	s.Shift = less(s.Head, s.Base)
	enoughBase, enoughHead := len(b.rounds) >= LeastRounds, len(h.rounds) >= LeastRounds
	if !enoughBase && !enoughHead {
		return s
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(qs))))
	var bases, heads, shifts [][]float64
	for range redraws {
		ofBase := draw(random, len(b.rounds))
		ofHead := ofBase
		if len(h.rounds) != len(b.rounds) {
			ofHead = draw(random, len(h.rounds))
		}
		bases, heads = append(bases, b.quantiles(ofBase, qs)), append(heads, h.quantiles(ofHead, qs))
		shifts = append(shifts, less(heads[len(heads)-1], bases[len(bases)-1]))
	}
	if enoughBase {
		s.BaseBand = pointwise(s.Base, bases, widened(len(b.rounds)))
	}
	if enoughHead {
		s.HeadBand = pointwise(s.Head, heads, widened(len(h.rounds)))
	}
	if enoughBase && enoughHead {
		s.ShiftBand = simultaneous(s.Shift, shifts, widened(min(len(b.rounds), len(h.rounds))))
	}
	return s
}

func less(head, base []float64) []float64 {
	d := make([]float64, len(head))
	for i := range d {
		d[i] = head[i] - base[i]
	}
	return d
}

// draw says how often each of n rounds is taken in a resample.
func draw(random *rand.Rand, n int) []int64 {
	times := make([]int64, n)
	for range n {
		times[random.IntN(n)]++
	}
	return times
}

// bins are the rounds of one side, counted by bins that both sides share.
type bins struct {
	low, width float64
	rounds     []binned
	sum        []int64 // reused: counts by bin
}

// binned is one round: the bins that it has, in growing order.
type binned struct {
	bins   []int32
	counts []int64
}

func newBins(base, head []Counted) (b, h *bins) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, side := range [][]Counted{base, head} {
		for _, round := range side {
			for _, v := range round.Values {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	width := max(binWidth, (high-low)/mostBins)
	return binsOf(joined(base), low, high, width), binsOf(joined(head), low, high, width)
}

// joined merges neighbours until at most mostRounds rounds are left.
func joined(rounds []Counted) [][]Counted {
	n := min(len(rounds), mostRounds)
	all := make([][]Counted, 0, n)
	for i := range n {
		all = append(all, rounds[i*len(rounds)/n:(i+1)*len(rounds)/n])
	}
	return all
}

func binsOf(rounds [][]Counted, low, high, width float64) *bins {
	b := &bins{low: low, width: width}
	if !(high >= low) { // no side has a value
		return b
	}
	b.sum = make([]int64, int((high-low)/width)+1)
	for _, some := range rounds {
		for _, round := range some {
			for k, v := range round.Values {
				b.sum[int((v-low)/width)] += round.Counts[k]
			}
		}
		var one binned
		for bin, n := range b.sum {
			if n > 0 {
				one.bins, one.counts, b.sum[bin] = append(one.bins, int32(bin)), append(one.counts, n), 0
			}
		}
		b.rounds = append(b.rounds, one)
	}
	return b
}

// quantiles returns the quantiles of the rounds, each weighted by its number of draws; nil weights each once.
func (b *bins) quantiles(times []int64, qs []float64) []float64 {
	all := make([]float64, len(qs))
	clear(b.sum)
	total := int64(0)
	for i := range b.rounds {
		by := int64(1)
		if times != nil {
			by = times[i]
		}
		if by == 0 {
			continue
		}
		round := &b.rounds[i]
		for k, bin := range round.bins {
			b.sum[bin] += by * round.counts[k]
			total += by * round.counts[k]
		}
	}
	seen, bin := int64(0), -1
	for i, q := range qs {
		if total == 0 {
			all[i] = math.NaN()
			continue
		}
		rank := min(max(int64(math.Ceil(q*float64(total))), 1), total)
		for seen < rank {
			bin++
			seen += b.sum[bin]
		}
		all[i] = b.low + (float64(bin)+0.5)*b.width
	}
	return all
}

// column returns the i-th value of each resample, in growing order, without missing ones.
func column(resampled [][]float64, i int) []float64 {
	values := make([]float64, 0, len(resampled))
	for _, one := range resampled {
		if !math.IsNaN(one[i]) {
			values = append(values, one[i])
		}
	}
	slices.Sort(values)
	return values
}

// widened returns the factor by which to widen a band of n rounds. Resamples have only (n−1)/n of the variance, and few
// rounds estimate their variance badly; Student's t makes up for that.
func widened(n int) float64 {
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(1 - (1-sureness)/2)
	return t / z(1-(1-sureness)/2) * math.Sqrt(float64(n)/float64(n-1))
}

// pointwise returns the middle 95 % of the resamples, widened, separately at each quantile.
func pointwise(values []float64, resampled [][]float64, by float64) []Interval {
	band := make([]Interval, len(resampled[0]))
	for i := range band {
		sample := column(resampled, i)
		if len(sample) == 0 {
			return nil
		}
		cut := int((1 - sureness) / 2 * float64(len(sample)))
		low, high := sample[cut], sample[len(sample)-1-cut]
		band[i] = Interval{values[i] - by*(values[i]-low), values[i] + by*(high-values[i])}
	}
	return band
}

// simultaneous returns a band that holds all values at once.
func simultaneous(values []float64, resampled [][]float64, wider float64) []Interval {
	se := make([]float64, len(values))
	for i := range se {
		sample := column(resampled, i)
		if len(sample) < 2 || math.IsNaN(values[i]) {
			return nil
		}
		squares := 0.0
		for _, v := range sample {
			squares += (v - values[i]) * (v - values[i])
		}
		se[i] = max(math.Sqrt(squares/float64(len(sample))), binWidth/4)
	}
	var largest []float64
	for _, one := range resampled {
		most := 0.0
		for i, v := range one {
			if !math.IsNaN(v) {
				most = max(most, math.Abs(v-values[i])/se[i])
			}
		}
		largest = append(largest, most)
	}
	slices.Sort(largest)
	by := wider * largest[min(int(sureness*float64(len(largest))), len(largest)-1)]
	band := make([]Interval, len(values))
	for i := range band {
		band[i] = Interval{values[i] - by*se[i], values[i] + by*se[i]}
	}
	return band
}
