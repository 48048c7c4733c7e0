package storage_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
)

// URL warns of a password that others can see, without showing it.
func TestURL(t *testing.T) {
	const variable, visible, gone = "PLIMSOLL_DATABASE_URL=postgres://me:s3cret@env/x", "visible to everybody", "gone with it"
	for name, c := range map[string]struct {
		flag  string
		env   []string
		want  string
		warns string // empty for no warning
	}{
		"neither flag nor variable":      {want: storage.Embedded},
		"the variable":                   {env: []string{variable}, want: "postgres://me:s3cret@env/x"},
		"the flag wins":                  {flag: "sqlite:b.db", env: []string{variable}, want: "sqlite:b.db"},
		"a flag with a password":         {flag: "postgres://me:s3cret@db/x", want: "postgres://me:s3cret@db/x", warns: visible},
		"the scheme's other name":        {flag: "postgresql://me:s3cret@db/x", want: "postgresql://me:s3cret@db/x", warns: visible},
		"a password as a parameter":      {flag: "postgres://db/x?user=me&password=s3cret", want: "postgres://db/x?user=me&password=s3cret", warns: visible},
		"an unescaped password":          {flag: "postgres://me:s3%cret@db/x", want: "postgres://me:s3%cret@db/x", warns: visible},
		"no password":                    {flag: "postgres://me@db/x", want: "postgres://me@db/x"},
		"an @ in a file's name":          {flag: "sqlite:me:x@y.db", want: "sqlite:me:x@y.db"},
		"a workflow without a store":     {env: []string{"GITHUB_ACTIONS=true"}, want: storage.Embedded, warns: gone},
		"a workflow without the secret":  {env: []string{"GITHUB_ACTIONS=true", "PLIMSOLL_DATABASE_URL="}, want: storage.Embedded, warns: gone},
		"a workflow with a named file":   {flag: storage.Embedded, env: []string{"GITHUB_ACTIONS=true"}, want: storage.Embedded},
		"the password in a workflow too": {flag: "postgres://me:s3cret@db/x", env: []string{"GITHUB_ACTIONS=true"}, want: "postgres://me:s3cret@db/x", warns: visible},
	} {
		var stderr bytes.Buffer
		a := &console.Console{Stderr: &stderr, Env: environ.Of(c.env)}
		if got := storage.URL(a, c.flag); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		said := stderr.String()
		if c.warns == "" && said != "" || !strings.Contains(said, c.warns) || strings.Contains(said, "s3") {
			t.Errorf("%s: warned %q, want %q", name, said, c.warns)
		}
	}
}

func TestOpen(t *testing.T) {
	store, err := storage.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	_, err = storage.Open(t.Context(), "mysql://me:s3cret@db/x")
	if exit.Status(err) != exit.Input || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("another database: %v", err)
	}
}

// Public, which goes into a comment, names no host.
func TestPublic(t *testing.T) {
	inside := errors.New("PostgreSQL on db.internal: refused")
	if got := storage.Public(errors.Join(storage.Trouble(inside), errors.New("x"))); strings.Contains(got.Error(), "internal") {
		t.Errorf("shown: %v", got)
	}
	if other := errors.New("the system never got ready"); !errors.Is(storage.Public(other), other) {
		t.Error("what is not the store's was changed")
	}
	if storage.Trouble(nil) != nil || storage.Named(nil) != nil {
		t.Error("no error became one")
	}
	if err := storage.Named(baseline.ErrNotFound); exit.Status(err) != exit.Input || !errors.Is(err, baseline.ErrNotFound) {
		t.Errorf("a run that is not there: %v", err)
	}
}
