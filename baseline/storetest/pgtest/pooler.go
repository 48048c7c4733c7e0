package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// poolerConfig pools over a single connection: the next client finds whatever the last one left in the session.
const poolerConfig = `[databases]
%[1]s = host=%[2]s port=%[3]s dbname=%[1]s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[4]d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %[5]s
pool_mode = %[6]s
default_pool_size = 1
max_client_conn = 500
`

// Pooler starts a PgBouncer in transaction mode in front of a database of Database, and gives the URL that leads
// through it. It ends with the test. If PgBouncer is not installed, the test fails and says what to install.
func Pooler(t testing.TB, databaseURL string) string {
	t.Helper()
	return PoolerBy(t, "transaction", databaseURL)
}

// PoolerBy is Pooler in another mode: by session or statement.
func PoolerBy(t testing.TB, mode, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bin = "/usr/sbin/pgbouncer"; !exists(bin) {
			t.Fatal("PgBouncer for the tests is neither on PATH nor in /usr/sbin: install Debian's pgbouncer package (apt-get install pgbouncer)")
		}
	}
	dir, err := os.MkdirTemp("", "plimsoll-pgbouncer-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a few bytes in a temporary directory
	for range 3 {                               // a port that was free a moment ago may be taken
		if err = startPooler(t, pooler{bin, dir, mode}, u); err == nil {
			return u.String()
		}
	}
	t.Fatalf("PgBouncer for the tests: %v", err)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// pooler has the program, the directory of its configuration, and the pool mode.
type pooler struct{ bin, dir, mode string }

// startPooler starts a pooler on a free port, and changes u to lead to it once it answers.
func startPooler(t testing.TB, p pooler, u *url.URL) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	password, _ := u.User.Password()
	users, config := filepath.Join(p.dir, "users"), filepath.Join(p.dir, "pgbouncer.ini")
	account := fmt.Sprintf("%q %q\n", u.User.Username(), password)
	text := fmt.Sprintf(poolerConfig, strings.TrimPrefix(u.Path, "/"), u.Hostname(), u.Port(), port, users, p.mode)
	if err := errors.Join(os.WriteFile(users, []byte(account), 0o600), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		return err
	}
	command := exec.Command(p.bin, config)
	log := &strings.Builder{}
	command.Stderr = log
	if os.Geteuid() == 0 { // it refuses root too
		credential, err := giveToPostgres(p.dir, users, config)
		if err != nil {
			return err
		}
		command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	}
	if err := command.Start(); err != nil {
		return err
	}
	stop := func() {
		_ = command.Process.Kill() // it may have exited on its own
		_ = command.Wait()         // the error is that it was killed
	}
	through := *u
	through.Host = fmt.Sprintf("127.0.0.1:%d", port)
	if err := answers(t, through.String()); err != nil {
		stop()
		return fmt.Errorf("%w\n%s", err, log)
	}
	t.Cleanup(stop)
	*u = through
	return nil
}

// answers waits until a database can be reached, for a minute at most.
func answers(t testing.TB, databaseURL string) error {
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(t.Context(), databaseURL); err == nil {
			return conn.Close(t.Context())
		}
	}
	return err
}
