// Package pgtest gives tests a real PostgreSQL.
//
// PLIMSOLL_TEST_DATABASE_URL names a server whose user is a superuser. Without it pgtest starts a throw-away
// cluster on a free port of loopback, with the programs on PATH or in /usr/lib/postgresql. PostgreSQL refuses
// root, so root starts it as the user postgres. If there is neither, the test fails and says what to install. It
// is never skipped. Server starts another server with settings of its own, and Pooler starts a PgBouncer in front
// of a database. Cutter and Bridge cut connections to one.
package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Main runs a package's tests, then stops the cluster if one was started, and gives the
// status to exit with. TestMain calls it.
func Main(m *testing.M) int {
	status := m.Run()
	if started != nil {
		if err := started.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			status = max(status, 1)
		}
	}
	return status
}

// Database makes an empty database that ends with the test, and gives its URL.
func Database(t testing.TB) string {
	t.Helper()
	return DatabaseWith(t, "")
}

// DatabaseWith is Database with options of CREATE DATABASE, such as an encoding.
func DatabaseWith(t testing.TB, options string) string {
	t.Helper()
	server, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", err)
	}
	name := "plimsoll_test_" + strings.ToLower(rand.Text()[:12])
	server.do(t, "CREATE DATABASE "+name+" "+options)
	t.Cleanup(func() { server.do(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	u := *server.url
	u.Path = "/" + name
	return u.String()
}

// Unprepared is a URL with which pgx, like the store, prepares no statements.
func Unprepared(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("default_query_exec_mode", "exec")
	u.RawQuery = query.Encode()
	return u.String()
}

// started is the cluster that Main has to stop.
var started *cluster

// server is the server that the tests of this process share.
var server = sync.OnceValues(func() (c *cluster, err error) {
	if given := os.Getenv("PLIMSOLL_TEST_DATABASE_URL"); given != "" {
		u, err := url.Parse(given)
		return &cluster{url: u}, err
	}
	started, err = newCluster(Options{})
	return started, err
})

// cluster is a server. One from PLIMSOLL_TEST_DATABASE_URL has only a URL.
type cluster struct {
	url *url.URL
	dir string
	bin string

	mu   sync.Mutex // guards conn
	conn *pgx.Conn  // to the server's own database, made when it is first used; it ends with the process
}

// newCluster makes and starts a cluster.
func newCluster(o Options) (*cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "plimsoll-postgres-*")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, bin: bin}
	password := rand.Text()
	if err := c.initialize(password); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c.url = &url.URL{Scheme: "postgres", User: url.UserPassword("plimsoll", password), Path: "/postgres",
		RawQuery: "sslmode=disable"} // it has no TLS, and asking it each time would double the time to connect
	if err := c.start(o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// start starts the cluster. A port that was free a moment ago may be taken: then the next try gets another.
func (c *cluster) start(o Options) error {
	if err := c.write(o); err != nil {
		return err
	}
	log := filepath.Join(c.dir, "log")
	var err error
	for range 3 {
		var port int
		if port, err = freePort(); err != nil {
			continue
		}
		options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories= -c fsync=off -c max_connections=200", port)
		for _, setting := range o.Settings {
			options += " -c " + setting
		}
		if err = c.run("pg_ctl", "start", "-w", "-t", "120", "-D", c.data(), "-l", log, "-o", options); err == nil {
			c.url.Host = fmt.Sprintf("127.0.0.1:%d", port)
			return nil
		}
	}
	text, _ := os.ReadFile(log) // without the log, the error must do
	return fmt.Errorf("%w\n%s", err, text)
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) initialize(password string) error {
	passwordFile := filepath.Join(c.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if _, err := giveToPostgres(c.dir, passwordFile); err != nil {
			return err
		}
	}
	return c.run("initdb", "-D", c.data(), "-U", "plimsoll", "--pwfile", passwordFile, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")
}

// giveToPostgres gives files and directories to the user postgres, and returns that user's credential.
func giveToPostgres(paths ...string) (*syscall.Credential, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("root cannot run PostgreSQL, and %w: install Debian's postgresql package, which makes the user, or run the tests as somebody else", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if err := os.Chown(path, int(uid), int(gid)); err != nil {
			return nil, err
		}
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *cluster) stop() error {
	err := c.run("pg_ctl", "stop", "-w", "-D", c.data(), "-m", "immediate")
	return errors.Join(err, os.RemoveAll(c.dir))
}

// run runs one of PostgreSQL's programs, as the user postgres when we are root.
func (c *cluster) run(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // a busy machine is slow to make a cluster
	defer cancel()
	line := append([]string{filepath.Join(c.bin, program)}, args...)
	if os.Geteuid() == 0 {
		line = append([]string{"runuser", "-u", "postgres", "--"}, line...)
	}
	var output bytes.Buffer
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Dir = c.dir
	command.Stdout, command.Stderr = &output, &output
	command.WaitDelay = time.Second // the server that pg_ctl leaves behind holds the output
	if err := command.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s: %w\n%s", program, err, output.Bytes())
	}
	return nil
}

// do runs one statement on the server's own database.
func (c *cluster) do(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.conn.IsClosed() {
		conn, err := pgx.Connect(ctx, c.url.String())
		if err != nil {
			t.Fatalf("PostgreSQL for the tests: %v", err)
		}
		c.conn = conn
	}
	if _, err := c.conn.Exec(ctx, statement); err != nil {
		t.Fatalf("PostgreSQL for the tests: %s: %v", statement, err)
	}
}

// programs is the directory of PostgreSQL's programs, of the newest version there is.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("initdb is neither on PATH nor in /usr/lib/postgresql/*/bin: install PostgreSQL (apt-get install postgresql)")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Dir(newest), nil
}

// version is the number in /usr/lib/postgresql/15/bin/initdb.
func version(path string) float64 {
	number, err := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
	if err != nil {
		return 0
	}
	return number
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
