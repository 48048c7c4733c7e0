// Package table is what both stores keep: the table plimsoll_run and the marks on its runs,
// the statements over them, and the document in it that is the run.
//
// The document is the run's JSON, compressed with gzip. The columns beside it are what
// queries look at; nothing is read from them that the document does not hold as well, except
// when the run was stored.
package table

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Dialect is how a database numbers the parameters of a statement.
type Dialect string

// The dialects: $1 and ?1.
const (
	PostgreSQL Dialect = "$"
	SQLite     Dialect = "?"
)

// Statement is SQL with its arguments.
type Statement struct {
	SQL  string
	Args []any
}

// builder writes a statement.
type builder struct {
	Dialect
	args []any
}

// arg is the name of a parameter with this value.
func (b *builder) arg(value any) string {
	b.args = append(b.args, value)
	return fmt.Sprintf("%s%d", b.Dialect, len(b.args))
}

// among is the condition that a column has one of many values, which are one parameter: a
// statement with a parameter for each would take longer to read than to answer.
func (b *builder) among(column string, values []string) (string, error) {
	if b.Dialect == PostgreSQL {
		return column + " = ANY (" + b.arg(values) + ")", nil
	}
	text, err := json.Marshal(values)
	return column + " IN (SELECT value FROM json_each(" + b.arg(string(text)) + "))", err
}

// joined is among for a column of few rows: the values are a set to join with, since a planner
// that looks at each of them takes longer to think than to answer.
func (b *builder) joined(column string, values []string) (string, error) {
	if b.Dialect == PostgreSQL {
		return column + " IN (SELECT unnest(CAST(" + b.arg(values) + " AS text[])))", nil
	}
	return b.among(column, values)
}

// Insert puts a run unless it is there. It returns when the run was stored, in a row that is
// missing when nothing was put; the Info lacks that.
func (d Dialect) Insert(r *result.Result) (baseline.Info, Statement, error) {
	info := baseline.Info{
		ID: r.ID(), Series: r.Series, Repository: r.Repository, Branch: r.Branch, Commit: r.Commit,
		ProfileDigest: r.ProfileDigest, Environment: r.Environment.Class(), Tool: r.Tool, Started: r.Started.UTC().Truncate(time.Microsecond),
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
	figures, err := json.Marshal(figures(r))
	if err != nil {
		return info, Statement{}, err
	}
	b := &builder{Dialect: d}
	var values []string
	for _, value := range []any{
		info.ID, info.Series, info.Repository, info.Branch, info.Commit, info.ProfileDigest, info.Environment,
		fit(info.Series, info.ProfileDigest, info.Environment), info.Tool, info.Started, string(figures), document,
	} {
		values = append(values, b.arg(value))
	}
	return info, Statement{"INSERT INTO plimsoll_run (id, series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, figures, document)" +
		" VALUES (" + strings.Join(values, ", ") + ") ON CONFLICT (id) DO NOTHING RETURNING stored", b.args}, nil
}

// fit is what runs share that can be compared: a short key for the indexes, 128 bits of a
// digest.
func fit(series, profileDigest, environment string) string {
	text, err := json.Marshal([]string{series, profileDigest, environment})
	if err != nil {
		panic("table: " + err.Error()) // plain strings
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Remove deletes runs by their whole IDs and returns the IDs of those that were there. Their
// marks go with them.
func (d Dialect) Remove(ids []string) (Statement, error) {
	b := &builder{Dialect: d}
	those, err := b.among("id", ids)
	return Statement{"DELETE FROM plimsoll_run WHERE " + those + " RETURNING id", b.args}, err
}

// Removed says which of the runs was not there.
func Removed(ids, removed []string) error {
	there := map[string]bool{}
	for _, id := range removed {
		there[id] = true
	}
	for _, id := range ids {
		if !there[id] {
			return NotFound(id)
		}
	}
	return nil
}

// NotFound says that a run is not there.
func NotFound(id string) error { return fmt.Errorf("run %.80s: %w", id, baseline.ErrNotFound) }

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
