package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxBuckets bounds the memory of decompressed histograms: a bucket takes 12 bytes, and a few hundred bytes
// of text can hold 24,000 buckets. A run of 1,000 routes and 40 rounds has some 16 million.
const maxBuckets = 20_000_000

// UnmarshalJSON reads a result without validating it: see Decode. It refuses unknown fields, and histograms
// that would fill the memory.
func (r *Result) UnmarshalJSON(data []byte) error {
	type plain Result
	var d struct {
		*plain
		Rounds []struct {
			Round
			Tally json.RawMessage `json:"tally"`
		} `json:"rounds"`
		WarmUp json.RawMessage `json:"warm_up"`
		Tally  json.RawMessage `json:"tally"`
	}
	*r = Result{}
	d.plain = (*plain)(r)
	if err := strict(data, &d); err != nil {
		return err
	}
	var budget budget
	for _, round := range d.Rounds {
		t, err := budget.tally(round.Tally)
		if err != nil {
			return err
		}
		round.Round.Tally = t
		r.Rounds = append(r.Rounds, round.Round)
	}
	var err error
	if r.WarmUp, err = budget.tally(d.WarmUp); err != nil {
		return err
	}
	t, err := budget.tally(d.Tally)
	if t != nil {
		r.Tally = *t
	}
	return err
}

// strict reads JSON, and refuses unknown fields.
func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// budget is the number of buckets so far.
type budget struct{ buckets int }

// tally reads one tally, route by route; nil for none.
func (b *budget) tally(data []byte) (*tally.Tally, error) {
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	var d struct {
		Routes map[string]json.RawMessage `json:"routes"`
	}
	if err := strict(data, &d); err != nil {
		return nil, err
	}
	t := &tally.Tally{Routes: make(map[string]*tally.Route, len(d.Routes))}
	for name, text := range d.Routes {
		var route *tally.Route
		if err := strict(text, &route); err != nil {
			return nil, fmt.Errorf("route %.80q: %w", name, err)
		}
		t.Routes[name] = route
		if route == nil {
			continue // Validate refuses it
		}
		if err := b.take(route); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// take takes the buckets of one route.
func (b *budget) take(route *tally.Route) error {
	if b.buckets += route.Response.Buckets() + route.Service.Buckets(); b.buckets > maxBuckets {
		return errors.New("its histograms are larger than those of any run")
	}
	return nil
}
