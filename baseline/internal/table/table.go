// Package table is the part that both stores share: the table plimsoll_run, the marks on its runs, the statements
// over them, and Store, which runs these on any Database.
//
// A row holds a run in three forms, each for its reader. Queries look at the columns. Gates and SQL read histories
// from the summary, which is JSON. Only Get reads the document: the whole run, as JSON compressed with gzip. The
// document holds everything that is in the columns, except when the run was stored.
//
// Packages postgres and sqlite use this Store with a Database of their own, which knows how to connect, how to
// make a transaction, when to try again, and what an error means.
package table

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

// equal is the condition that a column has a value. No column has a text that no database can hold: one with a
// NUL, or not UTF-8.
func (b *builder) equal(column, value string) string {
	if !holds(value) {
		return "1 = 0"
	}
	return column + " = " + b.arg(value)
}

// holds reports whether a database can hold a text.
func holds(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// among is the condition that a column has one of many values. They are one parameter, since a database takes
// longer to parse one for each value than to answer.
func (b *builder) among(column string, values []string) (string, error) {
	values = held(values)
	if b.Dialect == PostgreSQL {
		return column + " = ANY (" + b.arg(values) + ")", nil
	}
	text, err := json.Marshal(values)
	return column + " IN (SELECT value FROM json_each(" + b.arg(string(text)) + "))", err
}

// held leaves out the texts that no database can hold.
func held(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(text string) bool { return !holds(text) })
}

// joined is among for a table with few rows. The values are a set to join with: a planner that looks at each value
// takes longer to plan than to answer.
func (b *builder) joined(column string, values []string) (string, error) {
	if b.Dialect == PostgreSQL {
		return column + " IN (SELECT pg_catalog.unnest(CAST(" + b.arg(held(values)) + " AS text[])))", nil
	}
	return b.among(column, values)
}

// Insert puts a run unless it is there. The statement returns the time of storing, or no row if the run was there.
// The Info lacks that time.
func (d Dialect) Insert(r *result.Result) (info baseline.Info, s Statement, err error) {
	if err := storable(r); err != nil {
		return info, s, err
	}
	summary := r.Summary()
	info = infoOf(summary.ID, summary.Identity, summary.Environment)
	text, err := encodeSummary(summary)
	if err != nil {
		return info, s, err
	}
	document, err := pack(r)
	if err != nil {
		return info, s, err
	}
	all := columns(&info)
	all = append(all[:len(all)-1],
		column{"fit", fit(info.Series, info.ProfileDigest, info.Environment)}, column{"summary", string(text)}, column{"document", document})
	b := &builder{Dialect: d}
	var names, values []string
	for _, c := range all {
		names, values = append(names, c.name), append(values, b.arg(c.value))
	}
	return info, Statement{"INSERT INTO plimsoll_run (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") +
		") ON CONFLICT (id) DO NOTHING RETURNING stored", b.args}, nil
}

// storable refuses a run that cannot be kept, and says why.
func storable(r *result.Result) error {
	switch {
	case len(r.Problems) > 0:
		return fmt.Errorf("%w: %s", baseline.ErrNotWhole, r.Problems[0].Text)
	case !r.Whole():
		return fmt.Errorf("%w: it has %d of %d rounds", baseline.ErrNotWhole, len(r.Rounds), r.PlannedRounds)
	}
	return r.Validate()
}

// fit is a short key for the indexes, equal for runs that can be compared: 128 bits of a digest.
func fit(series, profileDigest, environment string) string {
	text, err := json.Marshal([]string{series, profileDigest, environment})
	if err != nil {
		panic("table: " + err.Error()) // plain strings
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// remove deletes runs by their whole IDs. The statement returns the IDs of those that were there. Their marks go
// with them.
func (d Dialect) remove(ids []string) (Statement, error) {
	b := &builder{Dialect: d}
	those, err := b.among("id", ids)
	return Statement{"DELETE FROM plimsoll_run WHERE " + those + " RETURNING id", b.args}, err
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
