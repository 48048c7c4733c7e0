package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// RateInterval holds, with a confidence, the rate of an event, such as a failed request, that
// happened events[i] times in trials[i] of round i. The rounds are the units. Events that come in
// bursts are worth less than independent ones: both counts are divided by the factor by which the
// events' spread over the rounds exceeds a binomial's (the design effect of Rao and Scott 1981), and
// the exact interval of Clopper and Pearson is taken of the results (Korn and Graubard 1998).
// Without any event the upper bound is about 3 in n at 95 % one-sided. Without trials the
// interval is all of 0 to 1.
func RateInterval(events, trials []int64, confidence float64) Interval {
	var x, n float64
	for i := range events {
		x += float64(events[i])
		n += float64(trials[i])
	}
	if n == 0 {
		return Interval{0, 1}
	}
	effect := designEffect(events, trials, x/n)
	x, n = x/effect, n/effect
	tail := (1 - confidence) / 2
	interval := Interval{0, 1}
	if x > 0 {
		interval.Low = distuv.Beta{Alpha: x, Beta: n - x + 1}.Quantile(tail)
	}
	if x < n {
		interval.High = distuv.Beta{Alpha: x + 1, Beta: n - x}.Quantile(1 - tail)
	}
	return interval
}

// designEffect is the factor by which the rounds differ more than a binomial's would, at least 1:
// Pearson's χ² over its degrees of freedom.
func designEffect(events, trials []int64, rate float64) float64 {
	if rate <= 0 || rate >= 1 {
		return 1
	}
	chi2, rounds := 0.0, 0
	for i := range events {
		if trials[i] == 0 {
			continue
		}
		expected := rate * float64(trials[i])
		chi2 += math.Pow(float64(events[i])-expected, 2) / (expected * (1 - rate))
		rounds++
	}
	if rounds < 2 {
		return 1
	}
	return max(1, chi2/float64(rounds-1))
}

// Wilson holds, with a confidence, the share behind k hits in n trials: Wilson, Probable inference, the
// law of succession, and statistical inference, JASA 22, 1927. It is narrow and near its nominal
// confidence, where the exact interval is too wide. Without trials it is all of 0 to 1.
func Wilson(k, n int, confidence float64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	q := z(1 - (1-confidence)/2)
	share, trials := float64(k)/float64(n), float64(n)
	middle := (share + q*q/(2*trials)) / (1 + q*q/trials)
	half := q / (1 + q*q/trials) * math.Sqrt(share*(1-share)/trials+q*q/(4*trials*trials))
	return Interval{max(0, middle-half), min(1, middle+half)}
}
