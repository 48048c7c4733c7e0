package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Bounds on what Decode takes. They lie far above any real run and keep a hostile file from
// filling the memory.
const (
	maxBytes  = 256 << 20
	maxRounds = 10_000
	maxRoutes = 200_000
)

// ErrMalformed is wrapped by what Decode returns for input that is no whole result.
var ErrMalformed = errors.New("not a whole result file")

// Encode writes r as JSON, indented for people.
func Encode(w io.Writer, r *Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// Decode reads what Encode wrote. Input that is cut short, of another schema, or holds what
// no run can have measured is refused with an error that wraps ErrMalformed and says why.
func Decode(rd io.Reader) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(rd, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrMalformed, maxBytes>>20)
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, explain(err))
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("%w: schema %d, this program reads schema %d", ErrMalformed, head.Schema, Schema)
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, explain(err))
	}
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r, nil
}

// explain says in words what encoding/json says of a file that ends early.
func explain(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input" {
		return fmt.Errorf("it ends after %d bytes, in the middle: it was cut short", syntax.Offset)
	}
	return err
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

// validate checks what the types do not say.
func (r *Result) validate() error {
	switch {
	case r.Series == "":
		return errors.New("it names no series")
	case r.Started.IsZero() || r.Finished.Before(r.Started):
		return fmt.Errorf("it lasts from %v to %v", r.Started, r.Finished)
	case r.Starts < 0:
		return fmt.Errorf("its system was started %d times", r.Starts)
	case len(r.Rounds) > maxRounds || r.PlannedRounds < len(r.Rounds) || r.PlannedRounds > maxRounds:
		return fmt.Errorf("it has %d rounds of %d planned", len(r.Rounds), r.PlannedRounds)
	}
	if err := r.Generator.validate(); err != nil {
		return err
	}
	if err := validateTally(&r.Tally); err != nil {
		return err
	}
	for i, round := range r.Rounds {
		if err := r.validateRound(round); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	if r.WarmUp != nil {
		return validateTally(r.WarmUp)
	}
	return nil
}

func (r *Result) validateRound(round Round) error {
	if round.Length <= 0 || round.Start < 0 {
		return fmt.Errorf("starts at %v and lasts %v", round.Start, round.Length)
	}
	if round.Lag < 0 || !(round.Steal >= 0 && round.Steal <= 1) || !(round.CPUShare >= 0) {
		return fmt.Errorf("impossible lag %v, steal %g or share of CPU %g", round.Lag, round.Steal, round.CPUShare)
	}
	if err := round.Total.validate(); err != nil {
		return err
	}
	for name, f := range round.Figures {
		if _, known := r.Tally.Routes[name]; !known {
			return fmt.Errorf("route %q is not in the whole", name)
		}
		if err := f.validate(); err != nil {
			return fmt.Errorf("route %q: %w", name, err)
		}
	}
	if round.Tally != nil {
		return validateTally(round.Tally)
	}
	return nil
}

// protocols are what a Generator may have spoken: the name is shown as it is.
var protocols = []string{"", "HTTP/1.1", "HTTP/2"}

func (g Generator) validate() error {
	if g.Cores < 0 || g.CPUShare < 0 || g.LagP50 < 0 || g.LagP99 < g.LagP50 || g.LagMax < 0 || !slices.Contains(protocols, g.Protocol) {
		return fmt.Errorf("impossible generator %+v", g)
	}
	return nil
}

func (f Figures) validate() error {
	ordered := 0 <= f.P50 && f.P50 <= f.P95 && f.P95 <= f.P99
	counted := 0 <= f.Failures && f.Failures <= f.Requests
	if !ordered || !counted || f.Throughput < 0 || math.IsInf(f.Throughput, 0) || math.IsNaN(f.Throughput) {
		return fmt.Errorf("impossible figures %+v", f)
	}
	return nil
}

func validateTally(t *tally.Tally) error {
	if len(t.Routes) > maxRoutes {
		return fmt.Errorf("it has %d routes", len(t.Routes))
	}
	for name, route := range t.Routes {
		if name == "" || name == tally.All {
			return fmt.Errorf("a route is named %q", name)
		}
		if route == nil || route.Outcomes == nil {
			return fmt.Errorf("route %q has no outcomes", name)
		}
		for class, n := range route.Outcomes {
			if n < 0 {
				return fmt.Errorf("route %q has %d requests of class %v", name, n, class)
			}
		}
	}
	return nil
}
