package formats_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/formats"
)

// The schemas accept our files, and refuse an unknown key or a missing version. The scripts of the command check the
// output of real commands too.
func TestSchema(t *testing.T) {
	for file, name := range map[string]string{
		"../../../../gate/report/testdata/fail.json":       "verdict",
		"../../../../gate/report/testdata/noisy.json":      "verdict",
		"../../../../runner/result/testdata/schema-1.json": "result",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		value := map[string]any{}
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		schema := compile(t, name)
		if err := schema.Validate(any(value)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		value["unheard_of"] = true
		if schema.Validate(any(value)) == nil {
			t.Errorf("%s with an unknown key is valid as well", file)
		}
		delete(value, "unheard_of")
		delete(value, "schema")
		if schema.Validate(any(value)) == nil {
			t.Errorf("%s without its version is valid as well", file)
		}
	}
	for _, name := range formats.Names() {
		compile(t, name)
	}
	if formats.Schema("nothing") != nil {
		t.Error("there is a schema of nothing")
	}
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(formats.Schema(name))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return schema
}
