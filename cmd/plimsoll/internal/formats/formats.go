// Package formats has the JSON Schemas of our output for other programs: result.json, the verdict file and the lists
// that --json prints.
//
// The schemas are made from the types that we write. They refuse unknown keys, so a test with real output finds a key
// that is missing here.
package formats

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// verdictFile is what report.Encode writes.
type verdictFile struct {
	Schema  int            `json:"schema"`
	Digest  string         `json:"digest"`
	Subject report.Subject `json:"subject"`
	gate.Verdict
	LeftOut     int  `json:"left_out,omitempty"`
	PassInDoubt bool `json:"pass_in_doubt,omitempty"`
}

// written lists the forms, and the commands that write them.
var written = map[string]struct {
	value any
	title string
}{
	"result":     {result.Result{}, "A run: result.json, plimsoll run --json, plimsoll baseline show --json."},
	"verdict":    {verdictFile{}, "A verdict: --verdict-file, plimsoll gate --json, plimsoll compare --json."},
	"runs":       {[]baseline.Info{}, "Runs of a store: plimsoll baseline list --json."},
	"watch":      {result.Watch{}, "What was read without loading: plimsoll monitor --json, its --out. A run has the same in watch."},
	"capacity":   {capacity.Report{}, "What a search for the highest load found: plimsoll capacity --json."},
	"latest":     {site.Latest{}, "The newest runs of a store: latest.json of plimsoll history and plimsoll serve."},
	"api-series": {serve.SeriesList{}, "What plimsoll serve answers to /api/series."},
	"api-runs":   {serve.RunList{}, "What plimsoll serve answers to /api/runs."},
	"api-run":    {serve.Run{}, "What plimsoll serve answers to /api/run/ID."},
	"backtest":   {backtest.Report{}, "A report of a replay, one on each line: plimsoll backtest --json."},
}

// Names lists the forms.
func Names() []string { return slices.Sorted(maps.Keys(written)) }

// Schema is the JSON Schema of a form; nil for one that does not exist.
func Schema(name string) *jsonschema.Schema {
	form, ok := written[name]
	if !ok {
		return nil
	}
	r := &jsonschema.Reflector{Anonymous: true, Mapper: special, Namer: named}
	schema := r.Reflect(form.value)
	schema.Title = form.title
	for _, definition := range schema.Definitions {
		orNull(definition)
	}
	return schema
}

// named is the name of a type with its package: several packages have a Round.
func named(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "" // a list or a mapping
	}
	return path.Base(t.PkgPath()) + "." + t.Name()
}

// special describes the types whose JSON does not follow from their Go fields.
func special(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "integer", Description: "nanoseconds"}
	case reflect.TypeFor[hist.Histogram]():
		counts := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"min_ns", "max_ns", "hdr"}, AdditionalProperties: jsonschema.FalseSchema}
		for _, name := range []string{"min_ns", "max_ns", "over"} {
			counts.Properties.Set(name, &jsonschema.Schema{Type: "integer"})
		}
		counts.Properties.Set("hdr", &jsonschema.Schema{Type: "string", Description: "counts of nanoseconds: HdrHistogram, V2 compressed, in base64"})
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "null"}, counts}}
	case reflect.TypeFor[result.Column]():
		value := &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "null"}, {Type: "number"}}}
		return &jsonschema.Schema{Type: "array", Items: value}
	case reflect.TypeFor[map[tally.Class]int64]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"}}
	case reflect.TypeFor[gate.Outcome]():
		return words(gate.Pass, gate.Fail, gate.Inconclusive, gate.Unjudged)
	case reflect.TypeFor[gate.Status]():
		return words(gate.Within, gate.Worse, gate.NotJudged, gate.Suspect, gate.Unclear, gate.Follows)
	}
	return nil
}

// words is the schema of a text that must be one of these values.
func words[T interface{ MarshalText() ([]byte, error) }](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, value := range values {
		text, err := value.MarshalText()
		if err != nil {
			panic("formats: " + err.Error()) // the values are constants
		}
		s.Enum = append(s.Enum, string(text))
	}
	return s
}

// orNull lets the lists and mappings of a definition be null: Go may write an empty one as null.
func orNull(s *jsonschema.Schema) {
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		if one := pair.Value; one.Type == "array" || one.Type == "object" && one.Properties == nil {
			s.Properties.Set(pair.Key, &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "null"}, one}})
		}
	}
}
