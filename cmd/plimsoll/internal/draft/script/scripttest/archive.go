package scripttest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// Kind is one kind of script.
type Kind struct {
	Name  string // of its file in archives
	Draft func(draft.Input) (*draft.Draft, error)
}

// Archives drafts the script of each archive in testdata, and runs the profile against the archive's service: the
// service takes everything, and misses nothing.
func (k Kind) Archives(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d archives: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			files := archived(t, name)
			d, err := k.Draft(draft.Input{Name: k.Name, Data: []byte(files[k.Name]), Open: files.Open})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(d.Title)
			for _, n := range d.Notes {
				t.Log(n)
			}
			Run(t, d, files, files["service"])
		})
	}
}

// Fuzz drafts mutations of the archives' scripts. Whatever a script says, its draft is a profile.
func (k Kind) Fuzz(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		f.Add(archived(f, name)[k.Name])
	}
	f.Fuzz(func(t *testing.T, source string) {
		d, err := k.Draft(draft.Input{Name: k.Name, Data: []byte(source)})
		if err == nil && !d.IsEmpty() {
			Parse(t, d, Files{})
		}
	})
}

func archived(t testing.TB, name string) Files {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := Files{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

// Wants fails unless a draft is a profile that has some texts, has not others, and comes with these notes: with one
// that contains them, or with none at all if notes is empty.
func Wants(t *testing.T, d *draft.Draft, has, lacks []string, notes string) {
	t.Helper()
	Parse(t, d, Files{})
	text := d.YAML()
	for _, want := range has {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, none := range lacks {
		if strings.Contains(text, none) {
			t.Errorf("%q is in\n%s", none, text)
		}
	}
	var all []string
	for _, n := range d.Notes {
		all = append(all, n.String())
	}
	if got := strings.Join(all, "\n"); !strings.Contains(got, notes) || notes == "" && got != "" {
		t.Errorf("the notes are %q, want %q", got, notes)
	}
}
