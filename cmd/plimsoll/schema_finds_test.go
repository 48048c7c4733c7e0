package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// compiledSchema is the output of `plimsoll schema`, compiled by an independent validator.
func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	var printed bytes.Buffer
	if err := (&schemaCmd{Of: "profile"}).Run(&console.Console{Stdout: &printed}); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(&printed)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("plimsoll.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("plimsoll.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// readerFinds returns the keys of a profile's problems, such as users.0.name.
func readerFinds(file string, data []byte) map[string]string {
	set := map[string]string{"API_TOKEN": "s3cret", "TARGET_URL": "http://127.0.0.1:8080", "SHOP_PASSWORD": "pa\"ss"}
	p, problems := profile.Parse(file, data, profile.Surroundings{
		Env:  func(name string) (string, bool) { value, ok := set[name]; return value, ok },
		Read: func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(profiles, "files", path)) },
	})
	_, more := gate.ParsePolicy(file, p.Gate, append([]string{}, p.Routes()...))
	found := map[string]string{}
	for _, problem := range slices.Concat(problems, more) {
		key := strings.NewReplacer("[", ".", "]", "").Replace(problem.Key)
		found[strings.TrimPrefix(key, ".")] = problem.Text
	}
	return found
}

// schemaFinds returns the keys whose values do not fit the schema.
func schemaFinds(schema *jsonschema.Schema, instance any) map[string]bool {
	found := map[string]bool{}
	var invalid *jsonschema.ValidationError
	if errors.As(schema.Validate(instance), &invalid) {
		collect(invalid, found)
	}
	return found
}

// collect adds the keys of an error. If a value may have several forms, the first form counts whose
// own key the value has.
func collect(e *jsonschema.ValidationError, found map[string]bool) {
	at := strings.Join(e.InstanceLocation, ".")
	under := func(names []string) {
		for _, name := range names {
			found[strings.TrimPrefix(at+"."+name, ".")] = true
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		for _, form := range e.Causes {
			if !lacksKey(form, e.InstanceLocation) {
				collect(form, found)
				return
			}
		}
		ofType := slices.DeleteFunc(slices.Clone(e.Causes), func(form *jsonschema.ValidationError) bool { return hasOtherType(form, e.InstanceLocation) })
		if len(ofType) == 1 {
			collect(ofType[0], found)
			return
		}
		found[at] = true
	case *kind.Required:
		under(k.Missing)
	case *kind.AdditionalProperties:
		under(k.Properties)
	case *kind.PropertyNames:
		found[anyName+k.Property] = true
	case *kind.UniqueItems:
		under([]string{strconv.Itoa(k.Duplicates[1])})
	case *kind.OneOf, *kind.Not, *kind.DependentRequired:
		found[at] = true
	default:
		for _, cause := range e.Causes {
			collect(cause, found)
		}
		if len(e.Causes) == 0 {
			found[at] = true
		}
	}
}

// lacksKey reports whether an error says that the value at a place lacks a key or has another type.
func lacksKey(e *jsonschema.ValidationError, at []string) bool {
	if slices.Equal(e.InstanceLocation, at) {
		switch e.ErrorKind.(type) {
		case *kind.Required, *kind.Type:
			return true
		case *kind.AnyOf: // all of its forms do
			return !slices.ContainsFunc(e.Causes, func(form *jsonschema.ValidationError) bool { return !lacksKey(form, at) })
		}
	}
	return slices.ContainsFunc(e.Causes, func(cause *jsonschema.ValidationError) bool { return lacksKey(cause, at) })
}

// hasOtherType reports whether an error says that the value at a place has another type.
func hasOtherType(e *jsonschema.ValidationError, at []string) bool {
	if slices.Equal(e.InstanceLocation, at) {
		switch e.ErrorKind.(type) {
		case *kind.Type:
			return true
		case *kind.AnyOf: // all of its forms do
			return !slices.ContainsFunc(e.Causes, func(form *jsonschema.ValidationError) bool { return !hasOtherType(form, at) })
		}
	}
	return slices.ContainsFunc(e.Causes, func(cause *jsonschema.ValidationError) bool { return hasOtherType(cause, at) })
}

// instanceOf converts a YAML document as an editor does for a schema; false when it is not YAML.
func instanceOf(data []byte) (any, bool) {
	var document yaml.Node
	if err := yaml.Load(data, &document, yaml.WithUniqueKeys(false)); err != nil || len(document.Content) == 0 {
		return nil, false
	}
	return valueOf(document.Content[0], 0), true
}

func valueOf(n *yaml.Node, depth int) any {
	if depth > 20 { // an anchor that contains itself
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return valueOf(n.Alias, depth+1)
	case yaml.MappingNode:
		object, merged := map[string]any{}, map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			value := valueOf(n.Content[i+1], depth+1)
			if n.Content[i].Tag != "!!merge" {
				object[n.Content[i].Value] = value
				continue
			}
			list, isList := value.([]any)
			if !isList {
				list = []any{value}
			}
			for _, from := range slices.Backward(list) {
				of, _ := from.(map[string]any)
				maps.Copy(merged, of)
			}
		}
		maps.Copy(merged, object)
		return merged
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, valueOf(item, depth+1))
		}
		return list
	}
	if n.Tag == "!!str" || n.Tag == "!!timestamp" {
		return n.Value
	}
	var value any
	if n.Decode(&value) != nil {
		return n.Value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return n.Value
	}
	value, _ = jsonschema.UnmarshalJSON(bytes.NewReader(text)) // as it was written
	return value
}
