package scripttest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// Mutate drafts the scripts of the archives with one fault at a time: cut off, without a line, with a line twice, or
// without a bracket. Each is refused in words, or becomes a profile.
func (k Kind) Mutate(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files := archived(t, name)
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			fault := ""
			t.Cleanup(func() {
				if t.Failed() {
					t.Log("the script " + fault)
				}
			})
			var text string
			for fault, text = range faults(files[k.Name]) {
				d, err := k.Draft(draft.Input{Name: k.Name, Data: []byte(text), Open: files.Open})
				if err == nil && !d.IsEmpty() {
					Parse(t, d, files)
				}
			}
		})
	}
}

// faults are a script with one fault each, by their names: another kind of fault in each line.
func faults(text string) map[string]string {
	lines := strings.SplitAfter(text, "\n")
	all := map[string]string{}
	for i, line := range lines {
		before, after := strings.Join(lines[:i], ""), strings.Join(lines[i+1:], "")
		bracket := strings.IndexAny(line, "()[]{}")
		switch place := fmt.Sprintf("line %d", i+1); {
		case i%4 == 0:
			all["is cut off in "+place] = before + line[:len(line)/2]
		case i%4 == 1:
			all["lacks "+place] = before + after
		case i%4 == 2 || bracket < 0:
			all["has twice "+place] = before + line + line + after
		default:
			all["lacks a bracket in "+place] = before + line[:bracket] + line[bracket+1:] + after
		}
	}
	return all
}
