package gate

import "math"

// line is one metric of one route as the rules see it: on the log scale, up is worse.
type line struct {
	route  string
	metric Metric
	up     bool    // higher values of the metric are better
	limit  float64 // a change past it is worse
	guard  float64 // a change that surely lies below it leaves no doubt
}

// newLine makes the line of a metric that may change by limit, 0.2 for 20 %. On the scale, 20 % more latency is
// ln 1.2 and 20 % less throughput is ln(1/0.8), which is more.
func newLine(route string, metric Metric, higherIsBetter bool, limit float64) line {
	l := line{route: route, metric: metric, up: higherIsBetter, limit: math.Log1p(limit), guard: math.Log1p(guardFactor * limit)}
	if higherIsBetter {
		l.limit, l.guard = -math.Log1p(-min(limit, 1)), -math.Log1p(-min(guardFactor*limit, 1))
	}
	return l
}

// onScale is a value on the line's scale; NaN for a value that is missing or cannot be part of a ratio.
func onScale(v float64, higherIsBetter bool) float64 {
	switch {
	case !(v > 0) || math.IsInf(v, 0):
		return math.NaN()
	case higherIsBetter:
		return -math.Log(v)
	default:
		return math.Log(v)
	}
}

// relative turns a difference on the scale into a change of the metric: +0.2 is 20 % more.
func relative(difference float64, higherIsBetter bool) float64 {
	if higherIsBetter {
		return math.Expm1(-difference)
	}
	return math.Expm1(difference)
}
