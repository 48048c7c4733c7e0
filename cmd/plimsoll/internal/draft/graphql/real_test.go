//go:build real

package graphql_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/graphql"
)

// Published schemas become profiles in which every operation fits its schema, also those that are comments.
func TestRealSchemas(t *testing.T) {
	gqlparser, gophers := module(t, "github.com/vektah/gqlparser/v2"), module(t, "github.com/graph-gophers/graphql-go")
	const peers = "../../../../../testdata/peers/node_modules/"
	for _, file := range []string{
		peers + "@octokit/graphql-schema/schema.graphql", peers + "@octokit/graphql-schema/schema.json",
		peers + "@nautical-commerce/graphql-schema/nautical/schema.graphql", peers + "relay-test-utils-internal/lib/testschema.graphql",
		peers + "@shopify/hydrogen-react/storefront.schema.json", peers + "@shopify/hydrogen-react/customer-account.schema.json",
		gqlparser + "/validator/testdata/swapi.graphql", peers + "@favware/graphql-pokemon/graphql/*.graphql",
		gophers + "/example/starwars/starwars.go", gophers + "/example/social/social.go",
	} {
		data := read(t, file)
		if strings.HasSuffix(file, ".go") {
			data = inGo(data)
		}
		for _, mutations := range []bool{false, true} {
			d, err := graphql.Draft(draft.Input{Name: "schema.graphql", Data: data, Mutations: mutations})
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			parsed(t, d, data)
			written, twice := 0, len(d.Notes)
			for _, row := range d.Rows {
				if !row.Off {
					written++
				}
			}
			if written < 1 || strings.HasSuffix(file, "@octokit/graphql-schema/schema.graphql") != (twice > 0) {
				t.Errorf("%s: %d of %d written, notes %v", file, written, len(d.Rows), d.Notes)
			}
			t.Logf("%s: %s; %d written", file, d.Title, written)
			turnOn(d)
			parsed(t, d, data)
		}
	}
}

// read is a schema, which may stand in several files.
func read(t *testing.T, pattern string) (all []byte) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s is not there: make peers installs it (%v)", pattern, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, data...), '\n')
	}
	return all
}

// module is the directory of a module that this one needs.
func module(t *testing.T, path string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

// inGo is the schema that stands in a file of Go, between the first two back quotes.
func inGo(file []byte) []byte {
	if parts := bytes.SplitN(file, []byte("`"), 3); len(parts) == 3 {
		return parts[1]
	}
	return nil
}
