package capacity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
)

// ErrMalformed is wrapped by the errors of Decode about bad input.
var ErrMalformed = errors.New("not a complete answer of a search")

// limit bounds the JSON form of a Report, far above any real search: one of 200 trials and 10 limits has 20,000 values.
var limit = plainjson.Limit{Bytes: 64 << 20, Depth: 16, Values: 2_000_000, Each: 200_001}

// maxNumber is the largest number of a Report: thirty years, in nanoseconds.
const maxNumber = 1e18

// Encode writes a Report as JSON, indented for people. It refuses one that Decode would not read back.
func Encode(w io.Writer, r Report) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write what the search found: %w", err)
	}
	if _, err := Decode(bytes.NewReader(b.Bytes())); err != nil {
		return fmt.Errorf("write what the search found: it could not be read back: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Decode reads the output of Encode from an untrusted source. The error wraps ErrMalformed and says what is wrong.
func Decode(rd io.Reader) (r Report, err error) {
	data, err := io.ReadAll(io.LimitReader(rd, int64(limit.Bytes)+1))
	if err != nil {
		return r, err
	}
	for _, check := range []func() error{
		func() error { return plainjson.Check(data, limit) },
		func() error { return plainjson.CheckSchema(data, Schema) },
		func() error { return checkNumbers(data) },
		func() error { return json.Unmarshal(data, &r) },
		func() error { return r.validate() },
	} {
		if err := check(); err != nil {
			return Report{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return r, nil
}

// checkNumbers refuses numbers that nothing measures, wherever they are: they would fill a page with digits.
func checkNumbers(data []byte) error {
	tokens := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := tokens.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if v, ok := token.(float64); ok && !(math.Abs(v) <= maxNumber) {
			return fmt.Errorf("a number is %g", v)
		}
	}
}

// validate is an error if no search can have found this.
func (r *Report) validate() error {
	switch {
	case r.Series == "":
		return errors.New("it names no series")
	case !slices.Contains([]Stop{Found, AtLimit, AtGenerator, Nothing, OutOfBudget, Interrupted, Failed}, r.Stopped):
		return fmt.Errorf("%.40q is no reason why a search ends", r.Stopped)
	case r.Holds != nil && r.Holds.Status != Held, r.Confirmed && r.Holds == nil:
		return errors.New("the load that it holds did not hold")
	case r.Breaks != nil && r.Breaks.Status == Held:
		return errors.New("the load that it does not hold was held")
	}
	for i := range r.Trials {
		if err := r.Trials[i].validate(); err != nil {
			return fmt.Errorf("trial %d: %w", i+1, err)
		}
	}
	for _, end := range []*Outcome{r.Holds, r.Breaks} {
		if end != nil {
			if err := end.validate(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *Outcome) validate() error {
	switch {
	case !slices.Contains([]Status{Held, Broken, Hindered, Refused}, o.Status):
		return fmt.Errorf("%.40q is no outcome", o.Status)
	case !slices.Contains([]Phase{Doubling, Halving, Again, Confirm}, o.Phase):
		return fmt.Errorf("%.40q is no phase of a search", o.Phase)
	case !(o.Load > 0) || o.Settle < 0 || o.Length < 0 || o.Took < 0:
		return fmt.Errorf("a load of %g, for %v after %v", o.Load, o.Length, o.Settle)
	case o.Requests < 0 || o.Throughput < 0 || o.GeneratorCPU < 0 || !(o.Failures >= 0 && o.Failures <= 1):
		return fmt.Errorf("%d requests, %g a second, of which %g failed", o.Requests, o.Throughput, o.Failures)
	}
	for _, t := range o.Judged {
		if t.Value < 0 {
			return fmt.Errorf("%.80s was %g", t.Rule, t.Value)
		}
	}
	return nil
}
