package stats

import (
	"cmp"
	"math"
	"slices"
)

// Scaling is a model of throughput by load: how many users, or workers, get how much done.
type Scaling struct {
	Model Model
	Gamma float64 // throughput of one user alone
	Sigma float64 // share of the work that goes one at a time
	Kappa float64 // share of the work that each pair of users costs
	Limit float64 // users from which on throughput stays what it is. Only of HardLimit
	AICc  float64 // the lower, the better
}

// Model is the form of a Scaling.
type Model string

// The models.
const (
	Linear    Model = "linear"     // X = γ·N
	HardLimit Model = "hard limit" // X = γ·min(N, c), such as a pool of c
	Amdahl    Model = "amdahl"     // X = γ·N / (1 + σ(N−1))
	USL       Model = "usl"        // X = γ·N / (1 + σ(N−1) + κN(N−1))
)

// clearlyBetter is how much less AICc a model needs to be named: Burnham and Anderson, Model Selection and Multimodel
// Inference, 2002, section 2.6, hold models within 2 of the best to be as good.
const clearlyBetter = 2

// Throughput is what the model says of a load. Beyond the loads that it was fitted to, it says nothing: a pool of 8 that is
// taken for a USL is 44 % off at twice the last load.
func (s Scaling) Throughput(n float64) float64 {
	if s.Model == HardLimit {
		n = min(n, s.Limit)
	}
	return s.Gamma * n / (1 + s.Sigma*(n-1) + s.Kappa*n*(n-1))
}

// Peak is the load at which a USL has its highest throughput; +Inf where it has none. Tell it only where throughput was seen
// to fall.
func (s Scaling) Peak() float64 {
	if s.Kappa <= 0 {
		return math.Inf(1)
	}
	return math.Sqrt((1 - s.Sigma) / s.Kappa)
}

// Scalings fits the four models to throughputs xs at loads ns, by least squares, best first by AICc. clear says that
// the first one is better than the second by enough to be named. It needs loads that differ, and more of them than a
// model has parameters: a model that lacks them is left out.
//
// The Universal Scalability Law is Gunther's: Guerrilla Capacity Planning, 2007, chapter 4. Its fit is that of the R package
// usl, for which the law always holds. Measured on systems of other kinds it invents peaks, so that it stands beside
// others here.
func Scalings(ns, xs []float64) (fits []Scaling, clear bool) {
	n := len(ns)
	for _, fit := range []func(ns, xs []float64) (Scaling, int){fitLinear, fitLimit, fitAmdahl, fitUSL} {
		s, parameters := fit(ns, xs)
		rss := 0.0
		for i := range ns {
			rss += square(xs[i] - s.Throughput(ns[i]))
		}
		s.AICc = AICc(rss, n, parameters+1) // the variance is one
		if !math.IsInf(s.AICc, 1) && !math.IsNaN(s.Gamma) {
			fits = append(fits, s)
		}
	}
	slices.SortStableFunc(fits, func(a, b Scaling) int { return cmp.Compare(a.AICc, b.AICc) })
	return fits, len(fits) > 1 && fits[1].AICc-fits[0].AICc >= clearlyBetter
}

// AICc is Akaike's criterion of a model with normal residuals, corrected for few values:
// n·ln(RSS/n) + 2k + 2k(k+1)/(n−k−1), where k counts the variance among the parameters. Hurvich and Tsai, Regression
// and time series model selection in small samples, Biometrika 76, 1989. +Inf where n is too small for it.
func AICc(rss float64, n, k int) float64 {
	if n-k-1 <= 0 {
		return math.Inf(1)
	}
	values, parameters := float64(n), float64(k)
	// A perfect fit would be better than any number of parameters can cost.
	return values*math.Log(max(rss, 1e-12)/values) + 2*parameters + 2*parameters*(parameters+1)/(values-parameters-1)
}

func square(x float64) float64 { return x * x }

// scaled gives a form its best γ, and the squares that are left.
func scaled(s Scaling, ns, xs []float64) (Scaling, float64) {
	s.Gamma = 1
	both, own := 0.0, 0.0
	for i := range ns {
		g := s.Throughput(ns[i])
		both, own = both+xs[i]*g, own+g*g
	}
	s.Gamma = both / own
	rss := 0.0
	for i := range ns {
		rss += square(xs[i] - s.Throughput(ns[i]))
	}
	return s, rss
}

func fitLinear(ns, xs []float64) (Scaling, int) {
	s, _ := scaled(Scaling{Model: Linear}, ns, xs)
	return s, 1
}

func fitLimit(ns, xs []float64) (best Scaling, parameters int) {
	loads := slices.Clone(ns)
	slices.Sort(loads)
	loads = slices.Compact(loads)
	least := math.Inf(1)
	for i := 1; i < len(loads); i++ { // between two loads the squares have one minimum
		limit := lowest(loads[i-1], loads[i], func(c float64) float64 {
			_, rss := scaled(Scaling{Model: HardLimit, Limit: c}, ns, xs)
			return rss
		})
		if s, rss := scaled(Scaling{Model: HardLimit, Limit: limit}, ns, xs); rss < least {
			best, least = s, rss
		}
	}
	if len(loads) < 2 {
		best.Gamma = math.NaN()
	}
	return best, 2
}

func fitAmdahl(ns, xs []float64) (Scaling, int) {
	s, _ := serial(Scaling{Model: Amdahl}, ns, xs)
	return s, 2
}

// serial gives a form with its κ the best σ.
func serial(s Scaling, ns, xs []float64) (Scaling, float64) {
	s.Sigma = lowest(0, 1, func(sigma float64) float64 {
		s.Sigma = sigma
		_, rss := scaled(s, ns, xs)
		return rss
	})
	return scaled(s, ns, xs)
}

func fitUSL(ns, xs []float64) (Scaling, int) {
	// κ is looked for by its size, since it matters from 1e-9 on, and the absence of one is looked at apart.
	size := lowest(-9, 0, func(size float64) float64 {
		_, rss := serial(Scaling{Model: USL, Kappa: math.Pow(10, size)}, ns, xs)
		return rss
	})
	s, rss := serial(Scaling{Model: USL, Kappa: math.Pow(10, size)}, ns, xs)
	if without, least := serial(Scaling{Model: USL}, ns, xs); least <= rss {
		s = without
	}
	return s, 3
}

// lowest finds where a function is lowest between two ends: on a grid first, then by golden sections around the grid's lowest.
func lowest(from, to float64, f func(float64) float64) float64 {
	const grid = 40
	best, least := from, f(from)
	for i := 1; i <= grid; i++ {
		x := from + (to-from)*float64(i)/grid
		if y := f(x); y < least {
			best, least = x, y
		}
	}
	low, high := max(from, best-(to-from)/grid), min(to, best+(to-from)/grid)
	golden := (math.Sqrt(5) - 1) / 2
	a, b := high-golden*(high-low), low+golden*(high-low)
	fa, fb := f(a), f(b)
	for range 50 {
		if fa <= fb {
			high, b, fb = b, a, fa
			a = high - golden*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + golden*(high-low)
			fb = f(b)
		}
	}
	if x := (low + high) / 2; f(x) < least {
		return x
	}
	return best
}
