package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Options are how a Server starts. The zero value is a server as Database has it.
type Options struct {
	Settings []string          // such as ssl=on, without spaces
	Files    map[string]string // in the directory of its data, by name
}

// Running is a server of one test. It starts with programs of this machine, whatever
// PLIMSOLL_TEST_DATABASE_URL says.
type Running struct{ *cluster }

// Server starts one. It ends with the test.
func Server(t testing.TB, o Options) *Running {
	t.Helper()
	c, err := newCluster(o)
	if err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
	t.Cleanup(func() {
		if err := c.stop(); err != nil {
			t.Errorf("PostgreSQL for the tests: %v", err)
		}
	})
	return &Running{c}
}

// URL leads to the server's own database, at its present port.
func (r *Running) URL() string { return r.url.String() }

// Restart stops the server in order and starts it anew, at another port.
func (r *Running) Restart(t testing.TB, o Options) {
	t.Helper()
	if err := r.run("pg_ctl", "stop", "-w", "-D", r.data(), "-m", "fast"); err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
	if err := r.start(o); err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
}

// write puts files into the directory of the data, for the server alone to read.
func (c *cluster) write(o Options) error {
	for name, text := range o.Files {
		path := filepath.Join(c.data(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if os.Geteuid() == 0 {
			if _, err := giveToPostgres(path); err != nil {
				return err
			}
		}
	}
	return nil
}
