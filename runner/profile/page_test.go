package profile_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Every example on the page about profiles is valid: a part of a profile together with the rest, a list of
// steps as the steps of a task.
func TestPageExamples(t *testing.T) {
	page, err := os.ReadFile("../../docs/profile.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"products.csv": "sku,name\nSKU-1,Tent\n", "access.csv": "path\n/a?b=c\n", "cat.png": "png", "payload.bin": "\x00",
		"schema.graphql":    "type Query { top(n: Int!): [Item!]! } type Mutation { add(sku: ID!, quantity: Int!): Item } type Item { id: ID! score: Float name: String }",
		"cart.graphql":      "mutation AddToCart($sku: ID!, $quantity: Int!) { add(sku: $sku, quantity: $quantity) { ...Parts } } query Cart { top(n: 1) { id } }",
		"fragments.graphql": "fragment Parts on Item { id name }",
	}
	around := profile.Surroundings{
		Env: func(string) (string, bool) { return "value", true },
		Read: func(path string) ([]byte, error) {
			if content, ok := files[path]; ok {
				return []byte(content), nil
			}
			if strings.HasPrefix(path, "api/") {
				return os.ReadFile(corpus + "/files/" + path)
			}
			return nil, os.ErrNotExist
		},
	}
	examples := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 8 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, example := range examples {
		text := example[1]
		if strings.HasPrefix(text, "#") {
			continue // the line that names the schema
		}
		if strings.HasPrefix(text, "- ") {
			text = "users:\n  - name: u\n    tasks:\n      - steps:\n" + regexp.MustCompile(`(?m)^`).ReplaceAllString(text, "          ")
		}
		has := func(key string) bool { return regexp.MustCompile(`(?m)^` + key + `:`).MatchString(text) }
		for _, part := range [][2]string{
			{"name", "name: page\n"}, {"target", "target: {url: \"http://127.0.0.1:8080\"}\n"},
			{"users", "users: [{name: u, tasks: [{http: GET /}]}]\n"},
		} {
			if !has(part[0]) {
				text = part[1] + text
			}
		}
		if strings.Contains(text, "data.products.sku") && !has("data") {
			text = "data: {products: {file: products.csv}}\n" + text
		}
		if _, problems := profile.Parse("page.yaml", []byte(text), around); len(problems) > 0 {
			t.Errorf("%v in\n%s", problems, text)
		}
	}
}

// The table of steps has a row for each kind of call.
func TestPageSteps(t *testing.T) {
	page, err := os.ReadFile("../../docs/profile.md")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(page), "\n## Steps\n")
	steps, _, _ = strings.Cut(steps, "\n### ")
	for _, protocol := range profile.Protocols() {
		if !strings.Contains(steps, "\n| `"+protocol.Word+"` |") {
			t.Errorf("the steps have no row for %s", protocol.Word)
		}
	}
}
