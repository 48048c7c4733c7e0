package forms

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The names that files get if a variable asks for them without a name.
const (
	defaultHTML = "report.html"
	defaultCSV  = "report"
)

// Under adds the places that Locust's variables name, unless the command line has others. LOCUST_HTML and LOCUST_CSV are
// Locust's own. LOCUST_HTML_REPORT=true and LOCUST_CSV_REPORT=true are not, but stand in many .env files: they get the
// usual names. The notes say so.
func (f Flags) Under(getenv func(string) string) (_ Flags, notes []string) {
	for _, one := range []struct {
		place                          *string
		variable, wish, usual, flagged string
	}{
		{&f.HTML, "LOCUST_HTML", "LOCUST_HTML_REPORT", defaultHTML, "--html"},
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
		notes = append(notes, fmt.Sprintf("Locust does not know %s; it is taken for %s %s, and %s names another place", one.wish, one.flagged, *one.place, one.variable))
	}
	return f, notes
}

// filled is the name of a file with the load filled in, as Locust does with that of its HTML report: {u} is the number of
// users, {r} how many of them started each second, {t} the seconds of judged load, all cut to whole numbers. What is not known stays as it is.
func filled(path string, r *result.Result) string {
	if r == nil {
		return path
	}
	seconds := 0.0
	if len(r.Rounds) > 0 {
		seconds = (time.Duration(r.PlannedRounds) * r.Rounds[0].Length).Seconds()
	}
	for _, one := range []struct {
		term  string
		value float64
	}{{"{u}", float64(r.Users)}, {"{r}", r.Load.SpawnRate}, {"{t}", seconds}} {
		if one.value > 0 {
			path = strings.ReplaceAll(path, one.term, strconv.Itoa(int(one.value)))
		}
	}
	return path
}

// said reports whether a value is one of these words, in capitals or not.
func said(value string, words ...string) bool { return slices.Contains(words, strings.ToLower(value)) }
