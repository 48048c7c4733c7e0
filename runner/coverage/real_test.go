//go:build real

package coverage_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/coverage"
	"github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// module downloads a Go module and returns its directory.
func module(t *testing.T, name string) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", name)
	command.Dir = t.TempDir()
	out, err := command.Output()
	var at struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &at); err != nil || jsonErr != nil || at.Dir == "" {
		t.Fatalf("download %s: %v %v %s", name, err, jsonErr, at.Error)
	}
	return at.Dir
}

var parameter = regexp.MustCompile(`\{[^{}/]*\}`)

// A step for each operation of a large description is found to send that one, and no other. A profile has at most
// 1 MiB, so the steps come in parts.
func TestRealDescriptions(t *testing.T) {
	for file, least := range map[string]int{
		filepath.Join(module(t, "github.com/stripe/stripe-mock@v0.203.0"), "embedded/openapi/spec3.json"): 500,
		filepath.Join(module(t, "k8s.io/kubernetes@v1.34.4"), "api/openapi-spec/swagger.json"):            1000,
		"../../testdata/peers/node_modules/@octokit/openapi/generated/api.github.com.json":                1000,
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		read := func(string) ([]byte, error) { return content, nil }
		d, err := openapi.Load("api.json", content, nil)
		if err != nil || len(d.Operations) < least {
			t.Fatalf("%s: %d operations, %v", file, len(d.Operations), err)
		}
		var steps strings.Builder
		for i, o := range d.Operations {
			path := parameter.ReplaceAllString(o.Path, "$${word}")
			path, _, _ = strings.Cut(path, "#")
			fmt.Fprintf(&steps, "      - {http: %q, name: \"%d\"}\n", o.Method+" "+path, i)
		}
		text := "name: p\napi: {openapi: api.json}\ntarget: {url: \"http://127.0.0.1\"}\nusers:\n  - name: u\n    tasks:\n" + steps.String()
		p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Read: read})
		if len(problems) > 0 {
			t.Fatal(problems[:min(len(problems), 5)])
		}
		m, problems := coverage.Of(p, read)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		wrong := 0
		for i, o := range m.Operations {
			if len(o.Routes) != 1 || o.Routes[0] != fmt.Sprint(i) {
				wrong++
				t.Logf("%s is sent by %v, not by %d", o.Name, o.Routes, i)
			}
		}
		t.Logf("%s: %d operations, %d with other steps, %d steps that are none", filepath.Base(file), len(m.Operations), wrong, len(m.Others))
		if wrong > 0 || len(m.Others) > 0 {
			t.Errorf("%s: %d operations have other steps, %d steps are no operation", file, wrong, len(m.Others))
		}
	}
}
