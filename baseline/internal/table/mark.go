package table

import "github.com/plimsoll-ci/plimsoll/baseline"

// accept adds a mark to a run, by its whole ID. The statement returns the ID, or no row if there is no such run.
func (d Dialect) accept(id string, m baseline.Mark) Statement {
	return d.mark("plimsoll_accepted", "series, repository, branch, commit_sha, started, ", id, m)
}

// exclude is accept for the other mark.
func (d Dialect) exclude(id string, m baseline.Mark) Statement {
	return d.mark("plimsoll_excluded", "", id, m)
}

// mark adds a mark, with these columns copied from the run.
func (d Dialect) mark(table, copied, id string, m baseline.Mark) Statement {
	b := &builder{Dialect: d}
	of := b.equal("id", id)
	by, why, at := b.arg(m.By), b.arg(m.Why), b.arg(m.Kept().At)
	return Statement{"INSERT INTO " + table + " (run, " + copied + "who, why, at) SELECT id, " + copied + by + ", " + why + ", " + at +
		" FROM plimsoll_run WHERE " + of + " RETURNING run", b.args}
}
