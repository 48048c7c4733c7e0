//go:build real

package har_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
)

// A fresh recording of Chromium becomes a profile that the service takes, as the recording in testdata does.
func TestRealChromium(t *testing.T) {
	peers, err := filepath.Abs("../../../../../testdata/peers")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(peers, "node_modules", "playwright-core")); err != nil {
		t.Skipf("playwright-core is not there (make peers): %v", err)
	}
	if _, err := exec.LookPath("chromium"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("Debian's chromium is not there")
	}
	other := httptest.NewServer(newService(""))
	defer other.Close()
	recorded := newService(other.URL)
	server := httptest.NewServer(recorded)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "session.har")
	command := exec.CommandContext(t.Context(), "node", "testdata/record.mjs", server.URL, file)
	command.Env = append(os.Environ(), "PEERS="+peers, "HOME="+t.TempDir())
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
