package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Limit bounds the JSON form of a result: a hostile file cannot fill the memory, and every file that is
// written can be read. It lies far above any real run: one of 1,000 routes and 40 rounds has 1.5 million
// values.
func Limit() plainjson.Limit {
	return plainjson.Limit{Bytes: 256 << 20, Depth: 16, Values: 4_000_000, Each: tally.MaxRoutes + 1}
}

// ErrMalformed is wrapped by the errors of Decode about bad input.
var ErrMalformed = errors.New("not a complete result file")

// Encode writes r as JSON, indented for people. It refuses a result that Decode would not read back.
func Encode(w io.Writer, r *Result) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if err := plainjson.Check(b.Bytes(), Limit()); err != nil {
		return fmt.Errorf("write the result: it could not be read back: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Decode reads the output of Encode from an untrusted source. It refuses input that is cut short, has a
// duplicate key or another schema, or that Validate refuses. The error wraps ErrMalformed and says why.
func Decode(rd io.Reader) (*Result, error) {
	limit := Limit()
	data, err := io.ReadAll(io.LimitReader(rd, int64(limit.Bytes)+1))
	if err != nil {
		return nil, err
	}
	if err := plainjson.Check(data, limit); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := plainjson.CheckSchema(data, Schema); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r, nil
}

// Read decodes the result file at path.
func Read(path string) (*Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	r, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	return r, nil
}

// Write puts r into the file at path, whole or not at all.
func Write(path string, r *Result) error {
	if err := whole.Write(path, func(w io.Writer) error { return Encode(w, r) }); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	return nil
}
