// Package peers starts servers of npm, and scripts that look at pages with Chromium, for tests under the tag real.
// `make peers` and `make programs-real` install what they need.
package peers

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Dir is the directory of the scripts. node_modules lies beside them.
func Dir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Browser is the environment of a script that opens pages with Chromium. The test fails without Debian's Chromium, or
// without a package of npm that such scripts use.
func Browser(t testing.TB) []string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not there; `make programs-real` installs it")
	}
	for _, name := range []string{"playwright-core", "axe-core"} {
		if _, err := os.Stat(filepath.Join(Dir(), "node_modules", name)); err != nil {
			t.Fatalf("%s is not there; `make peers` installs it", name)
		}
	}
	return append(os.Environ(), "PEERS="+Dir(), "CHROMIUM="+program, "HOME="+t.TempDir())
}

// Start runs a script with node until the test ends, and returns the address that it prints.
func Start(t testing.TB, script string, args ...string) (address string) {
	t.Helper()
	c := exec.Command("node", append([]string{script}, args...)...)
	c.Dir = Dir()
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := &strings.Builder{}
	c.Stderr = errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() //nolint:errcheck // it ends the script
		c.Wait()      //nolint:errcheck // how it ended does not matter
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("node %s %v printed %q (%v): is it installed (make peers)?\n%s", script, args, line, err, errs)
	}
	return strings.TrimSpace(line)
}
