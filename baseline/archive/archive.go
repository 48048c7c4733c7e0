// Package archive writes the runs of a store into one file, and reads such files. A file moves runs from store to
// store, or to somebody who cannot reach a store.
//
// A file is JSON lines. The first says what it is. Then comes a line for each run, newest
// first, with its compact result, its marks and a digest of its own. The last line has the
// number of runs and a digest of all lines before it, so a file that was cut is refused.
// The same runs give the same bytes.
//
// Read does not trust a file. It checks sizes, nesting, counts, order and digests, computes every ID again, and
// refuses unknown fields and doubled keys. It hands nothing on before it has checked the whole file, and has one
// run in memory at a time. The digests detect accidents, not forgery: whoever can write a file can write its
// digests too.
package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
)

// The contents of the first line.
const (
	format  = "plimsoll runs"
	version = 1
)

// Bounds on a file that is read. They lie far above real ones.
const (
	maxRuns = 10_000_000
	maxSize = 1 << 40
)

// lineLimit bounds how much of a line is read. Every result that a store keeps fits, along with the
// rest of its line.
func lineLimit() plainjson.Limit {
	l := result.Limit()
	l.Bytes += 1 << 16
	l.Depth += 2
	l.Values += 100
	return l
}

// ErrMalformed is wrapped by the errors of Read about a file that is not a whole archive.
var ErrMalformed = errors.New("not a whole file of plimsoll's runs")

// Run is one run in a file.
type Run struct {
	ID     string    `json:"id"`
	Branch string    `json:"branch"`
	Stored time.Time `json:"stored"` // when it was put into the store that it comes from
	// The marks on it.
	Accepted *baseline.Mark `json:"accepted,omitempty"`
	Excluded *baseline.Mark `json:"excluded,omitempty"`
	Result   *result.Result `json:"result"` // compact
}

// header is the first line.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// line is one of the lines between.
type line struct {
	Run    json.RawMessage `json:"run"`
	SHA256 string          `json:"sha256"` // of the bytes of Run
}

// trailer is the last line.
type trailer struct {
	Runs   *int   `json:"runs"`
	SHA256 string `json:"sha256"` // of all lines before, with their ends
}

// encode is a value as one line of JSON, without its end.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// decode reads one line strictly.
func decode(text []byte, into any) error {
	if err := plainjson.Check(text, lineLimit()); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.InputOffset() != int64(len(text)) {
		return errors.New("something follows the JSON on its line")
	}
	return nil
}

// before is the order of runs in a file, which is a store's: newest first, then by ID.
func (r Run) before(next Run) bool {
	at, then := started(r), started(next)
	return at.After(then) || at.Equal(then) && r.ID < next.ID
}

// started is when a run began, as exactly as stores keep it.
func started(r Run) time.Time { return r.Result.Started.UTC().Truncate(time.Microsecond) }

// check says what is wrong with a run that comes out of a file.
func (r Run) check() error {
	switch {
	case r.Result == nil:
		return errors.New("the run has no result")
	case !r.Result.Whole():
		return fmt.Errorf("run %.12s: %w: it is not whole", r.ID, baseline.ErrNotWhole)
	}
	if err := r.Result.Validate(); err != nil {
		return fmt.Errorf("run %.12s: %w", r.ID, err)
	}
	switch id := r.Result.ID(); {
	case r.ID != id:
		return fmt.Errorf("the run is called %.12s but is run %.12s: its result is not the one that was written", r.ID, id)
	case r.Branch != r.Result.Branch:
		return fmt.Errorf("run %.12s is filed under branch %.40q but itself says %.40q", r.ID, r.Branch, r.Result.Branch)
	case r.Stored.IsZero():
		return fmt.Errorf("run %.12s does not say when it was stored", r.ID)
	}
	for _, mark := range []*baseline.Mark{r.Accepted, r.Excluded} {
		if mark == nil {
			continue
		}
		if err := mark.Check(); err != nil {
			return fmt.Errorf("run %.12s: %w", r.ID, err)
		}
	}
	return nil
}
