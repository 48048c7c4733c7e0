package strict

import (
	"fmt"
	"strings"
)

// Suggest ends a sentence about an unknown name with what was probably meant, else with all that
// is known.
func Suggest(written string, known []string) string {
	best, distance := "", 3
	for _, name := range known {
		if d := editDistance(written, name); d < distance {
			best, distance = name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; known here: " + strings.Join(known, ", ")
}

// editDistance is Levenshtein's: how many single letters must be put in, taken out or
// exchanged to make a into b.
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
