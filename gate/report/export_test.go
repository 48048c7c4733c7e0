package report

// Sign is a verdict file with the digest that its content has; nil for one that cannot be read.
// A fuzzer cannot find digests by itself.
func Sign(data []byte) []byte {
	f, err := parse(data)
	if err != nil {
		return nil
	}
	text, err := f.encode()
	if err != nil {
		return nil
	}
	return text
}

// Kinds are those of reasons that a verdict file may hold.
func Kinds() (all []string) {
	for kind := range doubts {
		all = append(all, string(kind))
	}
	for _, kind := range shown {
		all = append(all, string(kind))
	}
	return all
}

// Unsound is the file of a report that Encode would refuse.
func Unsound(r Report) ([]byte, error) {
	return bounded(r).encode()
}
