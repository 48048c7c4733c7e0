package serve

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// Limits on the runs that one answer reads.
const (
	defaultRuns = 200   // of a page
	mostRuns    = 5_000 // of a page
	defaultList = 50    // of a list
	mostList    = 500   // of a list
	newest      = 1_000 // searched for the groups of a store
	shownGroups = 25    // with figures in the overview
	groupRuns   = 50    // of each group in the overview
	atOnce      = 4     // groups that one overview reads at the same time
)

// query holds the parameters of a request.
type query struct {
	site.Filter
	route string
	limit int
	after string
}

// maxText bounds a parameter, in bytes.
const maxText = 500

// parameters lists the parameters that an address takes.
func parameters(path string) []string {
	filters := []string{"series", "repository", "branch", "environment"}
	switch {
	case path == "/" || path == "/index.html":
		return append(filters, "runs")
	case path == "/badge.svg" || path == "/latest.json" || path == "/api/series":
		return filters
	case path == "/api/runs":
		return append(filters, "route", "limit", "after")
	case strings.HasPrefix(path, "/api/run/"):
		return []string{"route"}
	case strings.HasPrefix(path, "/"+site.Dir+"/") && !strings.HasPrefix(path, "/"+site.Dir+"/files/"):
		return []string{"environment", "runs"}
	default:
		return nil
	}
}

// parse reads the parameters of a request. It refuses unknown ones: a misspelt filter must not return everything.
func parse(path string, values url.Values) (q query, err error) {
	texts := map[string]*string{"series": &q.Series, "repository": &q.Repository, "branch": &q.Branch, "environment": &q.Environment, "route": &q.route, "after": &q.after}
	numbers := map[string]struct {
		into *int
		most int
	}{"runs": {&q.Runs, mostRuns}, "limit": {&q.limit, mostList}}
	taken := parameters(path)
	for name, all := range values {
		value := all[len(all)-1]
		switch {
		case len(taken) == 0:
			return q, wrong("this address takes no parameters")
		case !slices.Contains(taken, name) || len(value) > maxText:
			return q, wrong(fmt.Sprintf("the parameters are %s, of at most %d bytes each", strings.Join(taken, ", "), maxText))
		case texts[name] != nil:
			*texts[name] = value
			continue
		case value == "": // an empty form field
			continue
		}
		number := numbers[name]
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > number.most {
			return q, wrong(fmt.Sprintf("%s is a number from 1 to %d", name, number.most))
		}
		*number.into = n
	}
	if q.Series == "" && q.Repository+q.Branch != "" {
		return q, wrong("repository and branch need a series beside them")
	}
	return q, nil
}

// key is the same for the same query.
func (q query) key() string {
	parts := []string{q.Series, q.Repository, q.Branch, q.Environment, q.route, q.after, strconv.Itoa(q.Runs), strconv.Itoa(q.limit)}
	for i := range parts {
		parts[i] = url.QueryEscape(parts[i])
	}
	return strings.Join(parts, "&")
}

// splitPath cuts the path of a page in a group: /history/SLUG/NAME.
func splitPath(path string) (slug string, rest []string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) < 3 || parts[0] != site.Dir || slices.Contains(parts[:2], "") {
		return "", nil, false
	}
	return parts[1], parts[2:], true
}
