//go:build real

package sources_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sources"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// Servers of npm describe themselves when they are asked.
func TestRealIntrospection(t *testing.T) {
	for _, name := range []string{"apollo", "yoga", "mercurius"} {
		d, err := sources.Flags{GraphQL: peers.Start(t, "graphql.mjs", name)}.Draft(context.Background(), "", os.LookupEnv)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !strings.Contains(d.Title, "4 queries, 2 mutations") || !strings.Contains(d.YAML(), "query Top($n: Int!) { top(n: $n) {") {
			t.Errorf("%s: %s\n%s", name, d.Title, d.YAML())
		}
	}
}
