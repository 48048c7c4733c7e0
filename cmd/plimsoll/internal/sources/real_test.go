//go:build real

package sources_test

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sources"
)

// Servers of npm describe themselves when they are asked.
func TestRealIntrospection(t *testing.T) {
	for _, name := range []string{"apollo", "yoga", "mercurius"} {
		c := exec.Command("node", "graphql.mjs", name)
		c.Dir = "../../../../testdata/peers"
		stdin, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		address, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v: is it installed (make peers)?", name, err)
		}
		d, err := sources.Flags{GraphQL: strings.TrimSpace(address)}.Draft(context.Background(), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !strings.Contains(d.Title, "4 queries, 2 mutations") || !strings.Contains(d.YAML(), "query Top($n: Int!) { top(n: $n) {") {
			t.Errorf("%s: %s\n%s", name, d.Title, d.YAML())
		}
		stdin.Close()
		c.Wait()
	}
}
