package k6_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

// Each script becomes a profile that sends what its service takes, and all of it.
func TestPublicScripts(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 10 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, rules := scripttest.Files{}, ""
			for _, f := range archive.Files {
				if files[f.Name] = string(f.Data); f.Name == "service" {
					rules = string(f.Data)
				}
			}
			d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(files["script.js"]), Open: files.Open})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(d.Title)
			for _, n := range d.Notes {
				t.Log(n)
			}
			scripttest.Run(t, d, files, rules)
		})
	}
}
