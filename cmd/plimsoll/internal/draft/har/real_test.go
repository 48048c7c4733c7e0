//go:build real

package har_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
	"github.com/plimsoll-ci/plimsoll/testdata/peers"
)

// A fresh recording of Chromium becomes a profile that the service takes, as the recording in testdata does.
func TestRealChromium(t *testing.T) {
	other := httptest.NewServer(newService(""))
	defer other.Close()
	recorded := newService(other.URL)
	server := httptest.NewServer(recorded)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "session.har")
	command := exec.CommandContext(t.Context(), "node", "testdata/record.mjs", server.URL, file)
	command.Env = peers.Browser(t)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("record: %v\n%s", err, output)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := har.Draft(draft.Input{Name: "session.har", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(d.Title)
	replay(t, d, newService(""))
}
