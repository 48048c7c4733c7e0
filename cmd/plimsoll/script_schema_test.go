package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/formats"
)

// valid checks an output against its schema.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: valid NAME FILE")
	}
	schema, err := compiled(args[0])
	ts.Check(err)
	values := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1])))
	for n := 0; ; n++ {
		var value any
		if err := values.Decode(&value); errors.Is(err, io.EOF) && n > 0 {
			return
		} else if err != nil {
			ts.Fatalf("value %d of %s: %v", n+1, args[1], err)
		}
		if err := schema.Validate(value); err != nil {
			ts.Fatalf("%s does not match plimsoll schema %s: %v", args[1], args[0], err)
		}
	}
}

// compiled is the schema that plimsoll schema prints.
func compiled(name string) (*jsonschema.Schema, error) {
	text, err := json.Marshal(formats.Schema(name))
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		return nil, err
	}
	return c.Compile("schema.json")
}
