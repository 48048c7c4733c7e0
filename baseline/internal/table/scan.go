package table

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// Row is a row that stands ready to be read.
type Row interface{ Scan(into ...any) error }

// ScanInfo reads a row of List or Expired.
func ScanInfo(row Row) (baseline.Info, error) { return scan(row) }

// ScanRecord reads a row of Window or Get.
func ScanRecord(row Row) (record baseline.Record, err error) {
	var document []byte
	if record.Info, err = scan(row, &document); err != nil {
		return record, err
	}
	if record.Result, err = unpack(document); err != nil {
		return record, fmt.Errorf("run %.12s in the store: %w", record.ID, err)
	}
	return record, nil
}

// scan reads the columns of infoColumns, further ones, and those that marked adds. Times come
// out in UTC, whatever the database's driver makes of them.
func scan(row Row, further ...any) (i baseline.Info, err error) {
	var accepted, excluded mark
	fields := []any{&i.ID, &i.Series, &i.Repository, &i.Branch, &i.Commit, &i.ProfileDigest, &i.Environment, &i.Tool, &i.Started, &i.Stored}
	fields = append(fields, further...)
	err = row.Scan(append(fields, &accepted.by, &accepted.why, &accepted.at, &excluded.by, &excluded.why, &excluded.at)...)
	i.Started, i.Stored = i.Started.UTC(), i.Stored.UTC()
	i.Accepted, i.Excluded = accepted.orNil(), excluded.orNil()
	return i, err
}

// mark is a mark that may not be there.
type mark struct {
	by, why *string
	at      *time.Time
}

func (m mark) orNil() *baseline.Mark {
	if m.by == nil || m.why == nil || m.at == nil {
		return nil
	}
	return &baseline.Mark{By: *m.by, Why: *m.why, At: m.at.UTC()}
}
