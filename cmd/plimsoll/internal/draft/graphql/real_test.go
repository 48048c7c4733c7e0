//go:build real

package graphql_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/graphql"
)

// Published schemas become profiles in which every operation fits its schema, also those that are comments.
func TestRealSchemas(t *testing.T) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/vektah/gqlparser/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	const peers = "../../../../../testdata/peers/node_modules/"
	for _, file := range []string{
		peers + "@octokit/graphql-schema/schema.graphql", peers + "@octokit/graphql-schema/schema.json",
		peers + "@nautical-commerce/graphql-schema/nautical/schema.graphql", peers + "relay-test-utils-internal/lib/testschema.graphql",
		peers + "@shopify/hydrogen-react/storefront.schema.json", peers + "@shopify/hydrogen-react/customer-account.schema.json",
		strings.TrimSpace(string(module)) + "/validator/testdata/swapi.graphql",
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: make peers installs it", err)
			continue
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
			if written < 4 || strings.HasSuffix(file, "@octokit/graphql-schema/schema.graphql") != (twice > 0) {
				t.Errorf("%s: %d of %d written, notes %v", file, written, len(d.Rows), d.Notes)
			}
			t.Logf("%s: %s; %d written", file, d.Title, written)
			turnOn(d)
			parsed(t, d, data)
		}
	}
}
