package serve

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// How many runs an answer is made of.
const (
	defaultRuns = 200   // of a page
	mostRuns    = 5_000 // of a page
	defaultList = 50    // of a list
	mostList    = 500   // of a list
	newest      = 1_000 // that are looked at for the groups of a store
	shownGroups = 25    // that the overview has figures of
	groupRuns   = 50    // of each group in the overview
)

// query is what a request asks for beside its path.
type query struct {
	site.Filter
	route string
	limit int
	after string
}

// maxText bounds a parameter, in bytes.
const maxText = 500

// parse reads the parameters of a request. An unknown one is refused, so a misspelt filter does not give everything.
func parse(values url.Values) (q query, err error) {
	texts := map[string]*string{"series": &q.Series, "repository": &q.Repository, "branch": &q.Branch, "environment": &q.Environment, "route": &q.route, "after": &q.after}
	numbers := map[string]struct {
		into *int
		most int
	}{"runs": {&q.Runs, mostRuns}, "limit": {&q.limit, mostList}}
	for name, all := range values {
		value := all[len(all)-1]
		if into := texts[name]; into != nil && len(value) <= maxText {
			*into = value
			continue
		}
		number, ok := numbers[name]
		if !ok {
			return q, wrong("the parameters are series, repository, branch, environment, runs, route, limit and after, of at most 500 bytes each")
		}
		if value == "" { // a field of a form that nobody filled in
			continue
		}
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
