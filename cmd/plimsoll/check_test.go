package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
)

// TestManyBlindRoutes: check lists some of a thousand routes with too few requests, and says how many more there are.
func TestManyBlindRoutes(t *testing.T) {
	f := foresee.Foresight{Gates: []string{"stored gate: p99 needs 1000"}}
	for i := range 1000 {
		f.Blind = append(f.Blind, []string{fmt.Sprintf("GET /%d", i), "at most 60", "p99"})
	}
	var printed bytes.Buffer
	if err := printForesight(&printed, f); err != nil {
		t.Fatal(err)
	}
	if text := printed.String(); strings.Count(text, "at most 60") != maxBlind || !strings.Contains(text, "\nand 940 more routes\n") {
		t.Errorf("got\n%s", text)
	}
}
