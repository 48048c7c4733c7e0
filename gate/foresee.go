package gate

// Needs is how many requests of a route a round must have for a metric of it to be judged.
func Needs(m Metric) int { return int(needs(m)) }
