package gate

// Needs is the number of a route's requests that a round must have for this metric to be judged.
func Needs(m Metric) int { return int(needs(m)) }
