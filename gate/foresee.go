package gate

// Needs is the number of a route's requests that a round must have for this metric to be judged by a stored gate.
func Needs(m Metric) int { return int(needs(m)) }

// NeedsOfPairs is the number of a route's requests that all rounds of a side together must have for this metric to be
// judged by a paired gate.
func NeedsOfPairs(m Metric) int { return int(needs(m)) * MaxPairs / mergedRounds }
