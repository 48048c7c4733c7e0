package environ_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
)

func TestLookup(t *testing.T) {
	v := environ.Of([]string{"A=1", "EMPTY=", "B=x=y", "A=2", "=C:=dir", "BARE"})
	for name, want := range map[string]struct {
		value string
		ok    bool
	}{
		"A": {"2", true}, "EMPTY": {"", true}, "B": {"x=y", true}, "=C:": {"dir", true}, "BARE": {"", true}, "C": {"", false}, "": {"", false},
	} {
		if value, ok := v.Lookup(name); value != want.value || ok != want.ok {
			t.Errorf("%q: got %q, %v, want %q, %v", name, value, ok, want.value, want.ok)
		}
	}
	if value, ok := (environ.Values{}).Lookup("A"); ok || value != "" {
		t.Errorf("no environment has A=%q", value)
	}
}

// Changing a copy changes neither the original nor its list.
func TestCopies(t *testing.T) {
	given := []string{"A=1", "B=2", "A=3"}
	v := environ.Of(given)
	given[1] = "B=changed"
	changed := v.With("A", "4").With("C", "5")
	v.List()[0] = "A=changed"
	if got, want := changed.List(), []string{"B=2", "A=4", "C=5"}; !slices.Equal(got, want) {
		t.Errorf("with A and C: %q, want %q", got, want)
	}
	if got, want := v.List(), []string{"A=1", "B=2", "A=3"}; !slices.Equal(got, want) {
		t.Errorf("the original: %q, want %q", got, want)
	}
	if list := v.Without(func(string) bool { return true }).List(); list == nil || len(list) != 0 {
		t.Errorf("without all: %#v, want an empty list that is not nil", list)
	}
}

// Outside of a workflow a system keeps variables such as INPUT_…, which have a meaning only in one.
func TestForSystemOutsideOfActions(t *testing.T) {
	v := environ.Of([]string{"INPUT_QUEUE=orders", "ACTIONS_ID_TOKEN_TTL=5", "PLIMSOLL_INPUT_ARGS=-q", "GITHUB_TOKEN=ghs_x"})
	if got, want := v.ForSystem(), []string{"INPUT_QUEUE=orders", "ACTIONS_ID_TOKEN_TTL=5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func ExampleValues_ForSystem() {
	v := environ.Of([]string{
		"GITHUB_ACTIONS=true", "PLIMSOLL_DATABASE_URL=postgres://me:secret@db/x", "PLIMSOLL_SERVE_TOKEN=x", "GITHUB_TOKEN=ghs_x", "PLIMSOLL_INPUT_GITHUB_TOKEN=ghs_x",
		"INPUT_DATABASE-URL=postgres://me:secret@db/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x", "GITHUB_SHA=abc",
	})
	fmt.Println(v.ForSystem())
	// Output: [GITHUB_ACTIONS=true GITHUB_SHA=abc]
}

// The environment wins over the file. Variables that the file names are secrets either way, unless they are short.
func TestUnder(t *testing.T) {
	v := environ.Of([]string{"A=of the environment"}).Under(map[string]string{"A": "of the file", "B": "secret of B", "C": "true"})
	if v.Get("A") != "of the environment" || v.Get("B") != "secret of B" || v.Get("C") != "true" {
		t.Errorf("got %q", v.List())
	}
	if got, want := v.Secrets(), []string{"of the environment", "secret of B"}; !slices.Equal(got, want) {
		t.Errorf("secrets %q, want %q", got, want)
	}
	if got := v.With("D", "1").Secrets(); len(got) != 2 {
		t.Errorf("a changed copy has the secrets %q", got)
	}
}
