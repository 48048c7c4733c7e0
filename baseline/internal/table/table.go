// Package table is the one table that both stores keep, plimsoll_run: its columns, the
// statements over it, and the document in it that is the run.
//
// The document is the run's JSON, compressed with gzip. The columns beside it are what
// queries look at; nothing is read from them that the document does not hold as well, except
// when the run was stored.
package table

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Name is the table's name.
const Name = "plimsoll_run"

// infoColumns are the columns of a baseline.Info, in the order of infoFields.
const infoColumns = "id, series, repository, branch, commit_sha, profile_digest, environment, tool, started, stored, accepted"

func infoFields(i *baseline.Info) []any {
	return []any{&i.ID, &i.Series, &i.Repository, &i.Branch, &i.Commit, &i.ProfileDigest, &i.Environment, &i.Tool, &i.Started, &i.Stored, &acceptance{i}}
}

// Dialect is how a database numbers the parameters of a statement: "$" for $1, "?" for ?1.
type Dialect string

// Statement is SQL with its arguments.
type Statement struct {
	SQL  string
	Args []any
}

// Insert puts a run unless it is there. It returns the run's ID, in a row that is missing
// when nothing was put.
func (d Dialect) Insert(r *result.Result) (baseline.Info, Statement, error) {
	info := baseline.Info{
		ID: r.ID(), Series: r.Series, Repository: r.Repository, Branch: r.Branch, Commit: r.Commit,
		ProfileDigest: r.ProfileDigest, Environment: r.Environment.Class(), Tool: r.Tool, Started: r.Started.UTC(),
	}
	switch {
	case len(r.Problems) > 0:
		return info, Statement{}, fmt.Errorf("%w: %s", baseline.ErrNotWhole, r.Problems[0].Text)
	case !r.Whole():
		return info, Statement{}, fmt.Errorf("%w: this one has %d of %d rounds", baseline.ErrNotWhole, len(r.Rounds), r.PlannedRounds)
	}
	document, err := pack(r)
	if err != nil {
		return info, Statement{}, err
	}
	args := []any{info.ID, info.Series, info.Repository, info.Branch, info.Commit, info.ProfileDigest, info.Environment, info.Tool, info.Started, document}
	marks := make([]string, len(args))
	for i := range marks {
		marks[i] = d.mark(i + 1)
	}
	return info, Statement{"INSERT INTO " + Name + " (" + strings.Replace(infoColumns, "stored, accepted", "document", 1) + ") VALUES (" +
		strings.Join(marks, ", ") + ") ON CONFLICT (id) DO NOTHING RETURNING id", args}, nil
}

// Window selects whole records.
func (d Dialect) Window(q baseline.Query) Statement {
	return d.query(infoColumns+", document", q)
}

// List selects what ScanInfo reads.
func (d Dialect) List(q baseline.Query) Statement { return d.query(infoColumns, q) }

func (d Dialect) query(columns string, q baseline.Query) Statement {
	s := Statement{SQL: "SELECT " + columns + " FROM " + Name}
	joint := " WHERE "
	for _, condition := range []struct{ column, value string }{
		{"series", q.Series}, {"repository", q.Repository}, {"branch", q.Branch},
		{"profile_digest", q.ProfileDigest}, {"environment", q.Environment},
	} {
		if condition.value == "" {
			continue
		}
		s.Args = append(s.Args, condition.value)
		s.SQL += joint + condition.column + " = " + d.mark(len(s.Args))
		joint = " AND "
	}
	if q.SinceAccepted {
		s.SQL += joint + d.sinceAccepted(q, &s.Args)
	}
	if q.Limit <= 0 {
		q.Limit = baseline.DefaultLimit
	}
	s.Args = append(s.Args, q.Limit)
	s.SQL += " ORDER BY started DESC, id LIMIT " + d.mark(len(s.Args))
	return s
}

// sinceAccepted is the condition that no accepted run of the same series, repository and branch
// is newer.
func (d Dialect) sinceAccepted(q baseline.Query, args *[]any) string {
	sql := "NOT EXISTS (SELECT 1 FROM " + Name + " newer WHERE newer.accepted <> '' AND newer.started > " + Name + ".started"
	for _, condition := range []struct{ column, value string }{{"series", q.Series}, {"repository", q.Repository}, {"branch", q.Branch}} {
		if condition.value == "" {
			sql += " AND newer." + condition.column + " = " + Name + "." + condition.column
			continue
		}
		*args = append(*args, condition.value)
		sql += " AND newer." + condition.column + " = " + d.mark(len(*args))
	}
	return sql + ")"
}

// Accept marks a run by its whole ID.
func (d Dialect) Accept(id string, a baseline.Acceptance) (Statement, error) {
	a.At = a.At.UTC()
	mark, err := json.Marshal(a)
	return Statement{"UPDATE " + Name + " SET accepted = " + d.mark(2) + " WHERE id = " + d.mark(1), []any{id, string(mark)}}, err
}

// acceptance reads the mark of a run.
type acceptance struct{ info *baseline.Info }

// Scan reads the column.
func (a *acceptance) Scan(value any) error {
	text := fmt.Sprint(value)
	if bytes, isBytes := value.([]byte); isBytes {
		text = string(bytes)
	}
	if text == "" {
		return nil
	}
	a.info.Accepted = &baseline.Acceptance{}
	return json.Unmarshal([]byte(text), a.info.Accepted)
}

var beginning = regexp.MustCompile(`^[0-9a-f]{1,64}$`)

// Get selects the records whose ID begins with id, two at most.
func (d Dialect) Get(id string) (Statement, error) {
	if !beginning.MatchString(id) {
		return Statement{}, fmt.Errorf("run %.80q: %w: an ID is of hexadecimal digits", id, baseline.ErrNotFound)
	}
	return Statement{ // g comes right after the last digit
		"SELECT " + infoColumns + ", document FROM " + Name + " WHERE id >= " + d.mark(1) + " AND id < " + d.mark(2) + " ORDER BY id LIMIT 2",
		[]any{id, id + "g"},
	}, nil
}

// One is the record that Get found.
func One(id string, found []baseline.Record) (baseline.Record, error) {
	switch len(found) {
	case 0:
		return baseline.Record{}, NotFound(id)
	case 1:
		return found[0], nil
	default:
		return baseline.Record{}, fmt.Errorf("run %s: %w: %.16s, %.16s; write more of it", id, baseline.ErrAmbiguous, found[0].ID, found[1].ID)
	}
}

// NotFound says that a run is not there.
func NotFound(id string) error { return fmt.Errorf("run %s: %w", id, baseline.ErrNotFound) }

// Remove deletes a run by its whole ID.
func (d Dialect) Remove(id string) Statement {
	return Statement{"DELETE FROM " + Name + " WHERE id = " + d.mark(1), []any{id}}
}

func (d Dialect) mark(n int) string { return fmt.Sprintf("%s%d", d, n) }

// Row is a row that stands ready to be read.
type Row interface{ Scan(into ...any) error }

// ScanInfo reads a row of List.
func ScanInfo(row Row) (baseline.Info, error) {
	var info baseline.Info
	err := row.Scan(infoFields(&info)...)
	return local(info), err
}

// ScanRecord reads a row of Window or Get.
func ScanRecord(row Row) (baseline.Record, error) {
	var record baseline.Record
	var document []byte
	if err := row.Scan(append(infoFields(&record.Info), &document)...); err != nil {
		return record, err
	}
	record.Info = local(record.Info)
	var err error
	if record.Result, err = unpack(document); err != nil {
		return record, fmt.Errorf("run %.12s in the store: %w", record.ID, err)
	}
	return record, nil
}

// local puts the times into UTC, whatever the database's driver makes of them.
func local(i baseline.Info) baseline.Info {
	i.Started, i.Stored = i.Started.UTC(), i.Stored.UTC()
	return i
}

func pack(r *result.Result) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := result.Encode(z, r.Compact()); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func unpack(document []byte) (*result.Result, error) {
	z, err := gzip.NewReader(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	return result.Decode(z) // which bounds what it reads
}
