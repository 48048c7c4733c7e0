package strict

import (
	"fmt"
	"strings"
)

// Suggest ends a sentence about an unknown name with the name that was probably meant, else with
// all that are known.
func Suggest(written string, known []string) string {
	switch name, ok := Nearest(written, known); {
	case ok:
		return fmt.Sprintf("; did you mean %q?", name)
	case len(known) == 0:
		return ""
	case len(known) > mostNames:
		return fmt.Sprintf("; choose one of: %s and %d more", strings.Join(known[:mostNames], ", "), len(known)-mostNames)
	default:
		return "; choose one of: " + strings.Join(known, ", ")
	}
}

// mostNames bounds how many names a sentence lists.
const mostNames = 30

// Nearest returns the known name that differs least from the written one, by at most two letters. Upper and lower
// case count as the same, and two swapped letters as one.
func Nearest(written string, known []string) (best string, ok bool) {
	if len(written) > 100 {
		return "", false
	}
	distance, small := 3, strings.ToLower(written)
	for _, name := range known {
		if d := editDistance(small, strings.ToLower(name)); d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	return best, best != ""
}

// editDistance is how many letters must be inserted, deleted or replaced, or neighbours swapped, to turn a into b: the
// distance of optimal string alignment (Damerau, 1964; no letter is changed twice).
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = min(cost, row[j]+1, last[j+1]+1)
		}
	}
	return row[len(b)]
}
