package gate_test

import (
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// If nobody knows the routes of a profile, it may have rules for any.
func TestParsePolicyOfUnknownRoutes(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte("{routes: {GET /a: {ignore: true}}, thresholds: {GET /b: [p(95)<5]}}"), &document); err != nil {
		t.Fatal(err)
	}
	p, problems := gate.ParsePolicy("p.yaml", document.Content[0], nil)
	if len(problems) > 0 || !p.Routes["GET /a"].Ignore || len(p.Thresholds) != 1 {
		t.Errorf("%v, %+v", problems, p)
	}
	if _, problems := gate.ParsePolicy("p.yaml", document.Content[0], []string{}); len(problems) != 2 {
		t.Errorf("without routes: %v", problems)
	}
}
