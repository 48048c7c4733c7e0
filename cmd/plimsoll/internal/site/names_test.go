package site

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// Names that differ by what a file's name cannot hold have pages of their own, however many they are.
func TestSlugsDiffer(t *testing.T) {
	seen := map[string]string{}
	for i := range 200_000 {
		name := "GET /" + strings.NewReplacer("0", ".", "1", ":").Replace(fmt.Sprintf("%b", i))
		slug := newRoute(name).Slug
		if other, taken := seen[slug]; taken {
			t.Fatalf("%q and %q are both %s", other, name, slug)
		}
		seen[slug] = name
	}
}

// Even things with one slug get names that differ.
func TestSlugsOfOneName(t *testing.T) {
	got := slugs([]string{"a", "b", "c", "other"}, func(name string) string {
		if name == "other" {
			return slug("other", name)
		}
		return "same"
	})
	want := map[string]string{"a": "same", "b": "same-2", "c": "same-3", "other": slug("other", "other")}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
