package forms

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Default file names, for variables that ask for a file without naming it.
const (
	defaultHTML = "report.html"
	defaultCSV  = "report"
)

// Under adds the places from Locust's variables; flags take precedence. Locust defines LOCUST_HTML and LOCUST_CSV. It does
// not define LOCUST_HTML_REPORT=true and LOCUST_CSV_REPORT=true, but many .env files have them: Under takes them for the
// default names and adds a note.
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

// filled fills the load into a file name, as Locust does for its HTML report: {u} is the number of users, {r} the users
// started each second, {t} the seconds of judged load, all cut to whole numbers. Unknown values stay in braces.
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

// said reports whether a value is one of these words, in any case.
func said(value string, words ...string) bool { return slices.Contains(words, strings.ToLower(value)) }
