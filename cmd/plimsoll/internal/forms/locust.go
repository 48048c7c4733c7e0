package forms

import (
	"fmt"
	"slices"
	"strings"
)

// The names that files get if a variable asks for them without a name.
const defaultCSV = "report"

// Under adds the places that Locust's variables name, unless the command line has others. LOCUST_CSV is Locust's own.
// LOCUST_CSV_REPORT=true is not, but stands in many .env files: it gets the usual name. The notes say so.
func (f Flags) Under(getenv func(string) string) (_ Flags, notes []string) {
	for _, one := range []struct {
		place                          *string
		variable, wish, usual, flagged string
	}{
		{&f.CSV, "LOCUST_CSV", "LOCUST_CSV_REPORT", defaultCSV, "--csv"},
	} {
		if *one.place != "" {
			continue
		}
		if *one.place = getenv(one.variable); *one.place != "" {
			continue
		}
		switch value := getenv(one.wish); {
		case said(value, "", "0", "false", "no", "off"):
			continue
		case said(value, "1", "true", "yes", "on"):
			*one.place = one.usual
		default:
			*one.place = value
		}
		notes = append(notes, fmt.Sprintf("%s is no variable of Locust's; it is taken for %s %s, and %s names another place", one.wish, one.flagged, *one.place, one.variable))
	}
	return f, notes
}

// said reports whether a value is one of these words, in capitals or not.
func said(value string, words ...string) bool { return slices.Contains(words, strings.ToLower(value)) }
