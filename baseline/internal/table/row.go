package table

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// column is a column of a run, and where its value lies in an Info.
type column struct {
	name  string
	value any // a pointer
}

// columns are the columns that List reads, in order. The database sets the last one.
func columns(i *baseline.Info) []column {
	return []column{
		{"id", &i.ID}, {"series", &i.Series}, {"repository", &i.Repository}, {"branch", &i.Branch}, {"commit_sha", &i.Commit},
		{"profile_digest", &i.ProfileDigest}, {"environment", &i.Environment}, {"tool", &i.Tool}, {"started", &i.Started}, {"stored", &i.Stored},
	}
}

// infoColumns are their names.
func infoColumns() string {
	var names []string
	for _, c := range columns(&baseline.Info{}) {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// infoOf is the Info of a run, except when it was stored.
func infoOf(id string, i result.Identity, e result.Environment) baseline.Info {
	return baseline.Info{
		ID: id, Series: i.Series, Repository: i.Repository, Branch: i.Branch, Commit: i.Commit,
		ProfileDigest: i.ProfileDigest, Environment: e.Class(), Tool: i.Tool, Started: i.Started.UTC().Truncate(time.Microsecond),
	}
}

// scanInfo reads a row of List, Expired or find.
func scanInfo(row Row) (baseline.Info, error) { return scan(row) }

// scanRecord reads a row of Window.
func scanRecord(row Row) (record baseline.Record, err error) {
	var text []byte
	if record.Info, err = scan(row, &text); err != nil {
		return record, err
	}
	record.Summary, err = decodeSummary(text)
	return record, checked(record.Info, infoOf(record.Summary.ID, record.Summary.Identity, record.Summary.Environment), err)
}

// scanRun reads a row of find with the document.
func scanRun(row Row) (run baseline.Run, err error) {
	var document []byte
	if run.Info, err = scan(row, &document); err != nil {
		return run, err
	}
	run.Result, err = unpack(document)
	if err != nil {
		return run, damaged(run.ID, err)
	}
	return run, checked(run.Info, infoOf(run.Result.ID(), run.Result.Identity, run.Result.Environment), nil)
}

// checked refuses a run whose columns and contents differ, or whose contents gave an error.
func checked(row, contents baseline.Info, err error) error {
	if err != nil {
		return damaged(row.ID, err)
	}
	id := row.ID
	row.Stored, row.Accepted, row.Excluded = contents.Stored, nil, nil
	if row != contents {
		return damaged(id, fmt.Errorf("its columns do not fit its contents, which are those of run %.12s", contents.ID))
	}
	return nil
}

// damaged is the error about a run that cannot be read back. It names the run and says how to remove it.
func damaged(id string, err error) error {
	if strings.ContainsFunc(id, unicode.IsControl) || !utf8.ValidString(id) {
		return fmt.Errorf("run %q: %w: %w; delete its row with SQL: Plimsoll has not put it there", id, baseline.ErrDamaged, err)
	}
	word := id
	if !beginning.MatchString(id) {
		word = "'" + strings.ReplaceAll(id, "'", `'\''`) + "'" // for a shell
	}
	return fmt.Errorf("run %s: %w: %w; `plimsoll baseline exclude %[4]s` leaves it out from now on, `plimsoll baseline rm %[4]s` removes it", id, baseline.ErrDamaged, err, word)
}

func scanID(row Row) (id string, err error) { return id, row.Scan(&id) }

// scan reads the columns of an Info, further ones, and those that marked adds. All times are converted to UTC.
func scan(row Row, further ...any) (i baseline.Info, err error) {
	var accepted, excluded mark
	var into []any
	for _, c := range columns(&i) {
		if at, ok := c.value.(*time.Time); ok {
			c.value = instant{at}
		}
		into = append(into, c.value)
	}
	into = append(into, further...)
	err = row.Scan(append(into, append(accepted.fields(), excluded.fields()...)...)...)
	i.Accepted, i.Excluded = accepted.orNil(), excluded.orNil()
	return i, err
}

// instant reads a time. If the column holds something else, or a time that JSON cannot hold, the time is zero, so
// that the run can still be listed and removed.
type instant struct{ at *time.Time }

func (i instant) Scan(value any) error {
	*i.at = time.Time{}
	if at, ok := value.(time.Time); ok && 0 < at.Year() && at.Year() < 9999 {
		*i.at = at.UTC()
	}
	return nil
}

// mark is a mark that may not be there.
type mark struct {
	by, why *string
	at      time.Time
}

func (m *mark) fields() []any { return []any{&m.by, &m.why, instant{&m.at}} }

func (m mark) orNil() *baseline.Mark {
	if m.by == nil || m.why == nil {
		return nil
	}
	return &baseline.Mark{By: *m.by, Why: *m.why, At: m.at}
}
