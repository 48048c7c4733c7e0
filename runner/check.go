package runner

// Check reports why Run would refuse a system before it builds or starts anything; nil if it would not. Nothing is
// sent.
func Check(system System, c Config) error {
	_, err := newSession(c).add(system)
	return err
}
