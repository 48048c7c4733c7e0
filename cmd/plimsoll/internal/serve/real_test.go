//go:build real

package serve_test

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// Chromium shows the live pages under their own policy, and draws their charts.
func TestRealChromium(t *testing.T) {
	store, _ := filled(t)
	server := httptest.NewServer(serve.New(config(store)))
	defer server.Close()
	route := server.URL + "/" + site.RoutePath("shop", "example/shop", "main", "GET /items") + "?runs=1000"
	command := exec.CommandContext(t.Context(), "node", "../site/testdata/look.mjs", server.URL+"/", server.URL+"/history/"+site.Slug("shop", "example/shop", "main")+"/index.html", route)
	command.Env = peers.Browser(t)
	var problems strings.Builder
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	var found map[string]struct {
		Console, Requests, Dialogs, Violations []string
		Overflow                               []int
		Charts                                 int
		Zoomed                                 bool
	}
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for u, one := range found {
		if n := len(one.Console) + len(one.Requests) + len(one.Dialogs) + len(one.Violations) + len(one.Overflow); n > 0 {
			t.Errorf("%s: %+v", u, one)
		}
	}
	if one := found[route]; one.Charts < 4 || !one.Zoomed {
		t.Errorf("the page of a route has %d charts, zoomed %v", one.Charts, one.Zoomed)
	}
}
