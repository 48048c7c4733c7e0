package action_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestInstall downloads a release from a local server. The binary runs only if its sum is the pinned one.
func TestInstall(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the released program of this test is a shell script")
	}
	const program = "#!/bin/sh\necho the released program\n"
	binary := fmt.Sprintf("plimsoll_%s_%s", runtime.GOOS, runtime.GOARCH)
	releases := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.2.3/"+binary {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, program)
	}))
	defer releases.Close()

	right := fmt.Sprintf("version v1.2.3\n%x  %s\n", sha256.Sum256([]byte(program)), binary)
	wrong := fmt.Sprintf("version v1.2.3\n%x  %s\n", sha256.Sum256([]byte("another")), binary)
	withoutGo := pathOf(t, "bash", "uname", "awk", "mkdir", "curl", "sha256sum", "shasum", "cut", "chmod", "mv", "rm", "dirname")
	for name, c := range map[string]struct {
		pinned, url, path string
		status            int
		says, printed     string
	}{
		"released":          {right, releases.URL, "", 0, "plimsoll v1.2.3, " + binary + ", its SHA-256 verified", "the released program"},
		"forged":            {wrong, releases.URL, "", 3, "is not the one that this action pins", ""},
		"no server, no go":  {right, "http://127.0.0.1:1", withoutGo, 3, "no Go to build plimsoll with", ""},
		"no release, no go": {"version none\n", releases.URL, withoutGo, 3, "no release for", ""},
	} {
		t.Run(name, func(t *testing.T) {
			here, temp := t.TempDir(), t.TempDir()
			script, err := os.ReadFile("install.sh")
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{"install.sh": string(script), "release": c.pinned} {
				if err := os.WriteFile(filepath.Join(here, file), []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if c.path == "" {
				c.path = os.Getenv("PATH")
			}
			command := exec.Command("bash", filepath.Join(here, "install.sh"))
			command.Env = []string{"PATH=" + c.path, "HOME=" + temp, "RUNNER_TEMP=" + temp, "PLIMSOLL_RELEASES_URL=" + c.url}
			output, _ := command.CombinedOutput() // the status is looked at below
			if got := command.ProcessState.ExitCode(); got != c.status || !strings.Contains(string(output), c.says) {
				t.Errorf("exits %d, want %d with %q:\n%s", got, c.status, c.says, output)
			}
			printed, err := exec.Command(filepath.Join(temp, "plimsoll", "plimsoll")).Output()
			if (err == nil) != (c.printed != "") || !strings.Contains(string(printed), c.printed) {
				t.Errorf("the program there prints %q, %v; want %q", printed, err, c.printed)
			}
		})
	}
}

// pathOf is a PATH with only the given programs.
func pathOf(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		found, err := exec.LookPath(name)
		if err != nil {
			continue // one of sha256sum and shasum is enough
		}
		if err := os.Symlink(found, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
