package table

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// Window selects what scanRecord reads.
func (d Dialect) Window(q baseline.Query) (Statement, error) {
	return d.query(infoColumns()+", summary", q)
}

// List selects what scanInfo reads.
func (d Dialect) List(q baseline.Query) (Statement, error) { return d.query(infoColumns(), q) }

func (d Dialect) query(columns string, q baseline.Query) (Statement, error) {
	if len(q.Commits) > baseline.MaxCommits {
		return Statement{}, fmt.Errorf("look for runs of %d commits: at most %d can be asked for at once", len(q.Commits), baseline.MaxCommits)
	}
	if q.Limit <= 0 {
		q.Limit = baseline.DefaultLimit
	}
	b := &builder{Dialect: d}
	where, err := b.where(q)
	if err != nil {
		return Statement{}, err
	}
	// A covering index finds the runs, and only then are they read. A planner that knows the limit may walk
	// through all runs by time, hoping that the first few are of these commits. So the runs are collected before
	// the limit applies.
	fence, from := "", "plimsoll_run r"
	if q.Commits != nil {
		fence = "MATERIALIZED "
		if d == SQLite { // it would look at all runs of the branch, not knowing how many there are
			from += " INDEXED BY plimsoll_run_commit"
		}
	}
	return marked("WITH admitted AS "+fence+"(SELECT id, started FROM "+from+where+") SELECT "+columns+
		" FROM plimsoll_run WHERE id IN (SELECT id FROM admitted ORDER BY started DESC, id LIMIT "+b.arg(q.Limit)+")", columns, b.args), nil
}

// marked adds the marks to the runs that a statement selects. If a run has several, the last one counts.
func marked(runs, columns string, args []any) Statement {
	last := func(table, as string) string {
		return " LEFT JOIN " + table + " " + as + " ON " + as + ".mark = (SELECT max(mark) FROM " + table + " WHERE run = found.id)"
	}
	return Statement{
		"SELECT found." + strings.ReplaceAll(columns, ", ", ", found.") + ", a.who, a.why, a.at, x.who, x.why, x.at FROM (" + runs + ") found" +
			last("plimsoll_accepted", "a") + last("plimsoll_excluded", "x") + " ORDER BY found.started DESC, found.id", args,
	}
}

// where is the condition of a query over r, which is plimsoll_run.
func (b *builder) where(q baseline.Query) (sql string, err error) {
	var all []string
	is := func(column, value string) {
		if value != "" {
			all = append(all, b.equal(column, value))
		}
	}
	if q.Series != "" && q.ProfileDigest != "" && q.Environment != "" {
		is("fit", fit(q.Series, q.ProfileDigest, q.Environment))
	} else {
		is("series", q.Series)
		is("profile_digest", q.ProfileDigest)
		is("environment", q.Environment)
	}
	is("repository", q.Repository)
	is("branch", q.Branch)
	if q.Commits != nil { // an empty list admits nothing
		ofCommits, err := b.among("commit_sha", q.Commits)
		if err != nil {
			return "", err
		}
		all = append(all, ofCommits)
	}
	if !q.WithExcluded {
		all = append(all, "NOT EXISTS (SELECT 1 FROM plimsoll_excluded x WHERE x.run = r.id)")
	}
	if q.SinceAccepted {
		newest, err := b.sinceAccepted(q)
		if err != nil {
			return "", err
		}
		all = append(all, newest)
	}
	if q.After != nil {
		started := b.arg(q.After.Started.UTC())
		all = append(all, "started <= "+started, "(started < "+started+" OR id > "+b.arg(q.After.ID)+")")
	}
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), nil
}

// sinceAccepted is the condition that a run is not older than the newest accepted one.
func (b *builder) sinceAccepted(q baseline.Query) (string, error) {
	sql := "started >= coalesce((SELECT max(a.started) FROM plimsoll_accepted a WHERE NOT EXISTS (SELECT 1 FROM plimsoll_excluded x WHERE x.run = a.run)"
	for _, condition := range []struct{ column, value string }{{"series", q.Series}, {"branch", q.Branch}, {"repository", q.Repository}} {
		if condition.value != "" {
			sql += " AND " + b.equal("a."+condition.column, condition.value)
		}
	}
	if q.Commits != nil {
		ofCommits, err := b.joined("commit_sha", q.Commits)
		if err != nil {
			return "", err
		}
		sql += " AND " + ofCommits
	}
	return sql + "), " + b.arg(time.Time{}) + ")", nil
}

var beginning = regexp.MustCompile(`^[0-9a-f]{1,64}$`)

// find selects the runs whose ID begins with id, two at most. An ID that Plimsoll cannot have given, in a row that
// somebody else has put, must be written whole.
func (d Dialect) find(columns, id string) Statement {
	b := &builder{Dialect: d}
	var where string
	if beginning.MatchString(id) {
		where = "id >= " + b.arg(id) + " AND id < " + b.arg(id+"g") // which comes right after the last digit
	} else {
		where = b.equal("id", id)
	}
	return marked("SELECT "+columns+" FROM plimsoll_run WHERE "+where+" ORDER BY id LIMIT 2", columns, b.args)
}

// Expired selects what scanInfo reads, for the runs that a retention removes.
//
// place numbers the runs of one group that are not excluded, from the newest. An excluded run counts as if it took
// the next place.
func (d Dialect) Expired(r baseline.Retention) (Statement, error) {
	if err := r.Check(); err != nil {
		return Statement{}, err
	}
	if r.Limit == 0 {
		r.Limit = baseline.DefaultBatch
	}
	b := &builder{Dialect: d}
	var limits []string
	if !r.Before.IsZero() {
		limits = append(limits, "started < "+b.arg(r.Before.UTC()))
	}
	if r.Keep > 0 {
		limits = append(limits, "place + excluded > "+b.arg(r.Keep))
	}
	const flagged = "SELECT id, fit, branch, repository, started, CASE WHEN EXISTS (SELECT 1 FROM plimsoll_excluded x WHERE x.run = plimsoll_run.id) THEN 1 ELSE 0 END AS excluded FROM plimsoll_run"
	const placed = "SELECT id, started, excluded, sum(1 - excluded) OVER (PARTITION BY fit, branch, repository ORDER BY started DESC, id ROWS UNBOUNDED PRECEDING) AS place FROM (" + flagged + ") flagged"
	// level holds for the run with the newest acceptance that counts: see sinceAccepted.
	const level = "excluded = 0 AND EXISTS (SELECT 1 FROM plimsoll_accepted a WHERE a.run = placed.id AND NOT EXISTS (SELECT 1 FROM plimsoll_accepted n" +
		" WHERE n.series = a.series AND n.branch = a.branch AND n.repository = a.repository AND n.started > a.started" +
		" AND NOT EXISTS (SELECT 1 FROM plimsoll_excluded x WHERE x.run = n.run)))"
	return marked("SELECT "+infoColumns()+" FROM plimsoll_run WHERE id IN (SELECT id FROM ("+placed+") placed WHERE ("+strings.Join(limits, " OR ")+
		") AND NOT (place = 1 AND excluded = 0) AND NOT ("+level+") LIMIT "+b.arg(r.Limit)+")", infoColumns(), b.args), nil
}
