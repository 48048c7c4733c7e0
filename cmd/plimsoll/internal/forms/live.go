package forms

import (
	"errors"
	"os"

	"github.com/plimsoll-ci/plimsoll/gate/report/locust"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// Live writes PREFIX_stats_history.csv during a run, for programs that follow it. It creates the file in the first second
// of load, so a run that never starts does not touch an older file. Not safe for concurrent use.
type Live struct {
	path string
	file *os.File // nil before the first row, and after an error
	out  *locust.History
	err  error // the first; no row is written after it
}

// Live returns the history of a run that is about to begin; nil without --csv.
func (f Flags) Live() *Live {
	if f.CSV == "" {
		return nil
	}
	return &Live{path: f.csvFile(locust.HistorySuffix)}
}

// Add writes the row of a second.
func (l *Live) Add(w runner.Window) {
	if l.err != nil {
		return
	}
	if l.file == nil {
		l.begin()
	}
	if l.err == nil {
		l.err = l.out.Add(locust.Row{At: w.At, Users: w.Users, Window: w.Length, Last: w.Last, All: w.All})
	}
	if l.err != nil {
		l.drop()
	}
}

// begin makes the file.
func (l *Live) begin() {
	if l.file, l.err = os.Create(l.path); l.err == nil {
		l.out, l.err = locust.NewHistory(l.file)
	}
}

// drop removes the unfinished file: its last row would look like the end of the load.
func (l *Live) drop() {
	if l.file != nil {
		_ = l.file.Close() // the earlier error counts
		_ = os.Remove(l.path)
		l.file = nil
	}
	l.err = told(l.path, l.err)
}

// Close syncs the file to disk. It reports whether the file was written, and the first error.
func (l *Live) Close() (written bool, err error) {
	if l == nil || l.file == nil {
		if l != nil {
			err = l.err
		}
		return false, err
	}
	if l.err = errors.Join(l.file.Sync(), l.file.Close()); l.err != nil {
		l.drop()
		return false, l.err
	}
	return true, nil
}
