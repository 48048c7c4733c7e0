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
// case count as the same.
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

// editDistance is Levenshtein's: how many letters must be inserted, deleted or replaced to turn
// a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
