package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Options say how a Server starts. The zero value gives a server like that of Database.
type Options struct {
	Settings []string          // such as ssl=on, without spaces
	Files    map[string]string // in the directory of its data, by name
}

// Running is a server for one test. It always runs the programs of this machine, even if
// PLIMSOLL_TEST_DATABASE_URL names a server.
type Running struct{ *cluster }

// Server starts a server that ends with the test.
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

// URL leads to the server's own database, at its current port.
func (r *Running) URL() string { return r.url.String() }

// Restart shuts the server down cleanly and starts it again, at another port.
func (r *Running) Restart(t testing.TB, o Options) {
	t.Helper()
	if err := r.run("pg_ctl", "stop", "-w", "-D", r.data(), "-m", "fast"); err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
	if err := r.start(o); err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
}

// write puts files into the data directory, where only the server can read them.
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
