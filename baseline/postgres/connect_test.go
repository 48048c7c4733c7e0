package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Connections to another machine are encrypted, for every way that a URL or the environment can name a host and an
// sslmode.
func TestTLS(t *testing.T) {
	for name, test := range map[string]struct {
		url, env string
		want     string // of each way: host, and clear, cipher or verified; or a part of the error
	}{
		"another machine": {"postgres://u:p@db.invalid/db", "", "db.invalid cipher"},
		"this machine":    {"postgres://u:p@localhost/db", "", "localhost cipher, localhost clear"},
		"two hosts, the second on another machine": {"postgres://u:p@localhost,db.invalid/db", "", "localhost cipher, db.invalid cipher"},
		"two other machines":                       {"postgres://u:p@a.invalid:1,b.invalid:2/db", "", "a.invalid cipher, b.invalid cipher"},
		"hosts in a parameter":                     {"postgres://u:p@/db?host=/tmp,db.invalid", "", "/tmp clear, db.invalid cipher"},
		"prefer for the second":                    {"postgres://u:p@localhost,db.invalid/db?sslmode=prefer", "", "localhost:5432 or db.invalid:5432: sslmode=prefer may send the password in the clear"},
		"localhost at an address elsewhere":        {"postgres://u:p@localhost/db?hostaddr=192.0.2.1", "", "localhost cipher"},
		"a name elsewhere at a loopback address":   {"postgres://u:p@db.invalid/db?hostaddr=127.0.0.1", "", "db.invalid cipher, db.invalid clear"},
		"an address without a host":                {"postgres://u:p@/db?hostaddr=192.0.2.1", "", "192.0.2.1 cipher"},
		"addresses of two hosts":                   {"postgres://u:p@a.invalid,b.invalid/db?hostaddr=127.0.0.1,192.0.2.1", "", "a.invalid cipher, b.invalid cipher"},
		"an unknown word":                          {"postgres://u:p@db.invalid/db?sslmode=disabled", "", "sslmode=disabled is not known: expected one of verify-full, verify-ca, require"},
		"an unknown word in the environment":       {"postgres://u:p@db.invalid/db", "on", "sslmode=on is not known"},
		"allow":                                    {"postgres://u:p@db.invalid/db?sslmode=allow", "", "sslmode=allow may send"},
		"disable":                                  {"postgres://u:p@db.invalid/db?sslmode=disable", "", "db.invalid clear"},
		"stricter":                                 {"postgres://u:p@db.invalid/db?sslmode=verify-full", "", "db.invalid verified"},
		"stricter in the environment":              {"postgres://u:p@a.invalid,b.invalid/db", "verify-full", "a.invalid verified, b.invalid verified"},
		"empty in the URL, set in the environment": {"postgres://u:p@db.invalid/db?sslmode=", "verify-full", "db.invalid verified"},
		"the URL before the environment":           {"postgres://u:p@db.invalid/db?sslmode=require", "disable", "db.invalid cipher"},
		"disable in the environment":               {"postgres://u:p@db.invalid/db", "disable", "db.invalid clear"},
		"prefer in the environment":                {"postgres://u:p@db.invalid/db", "prefer", "sslmode=prefer may send"},
		"prefer in the environment, here":          {"postgres://u:p@localhost/db", "prefer", "localhost cipher, localhost clear"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGSSLMODE", test.env)
			config, err := parse(test.url)
			if err != nil {
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			var got []string
			for _, way := range ways(config.config.ConnConfig) {
				got = append(got, way.Host+" "+cipherOf(way))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// The parameters beside sslmode stay as they are written in the URL.
func TestParameters(t *testing.T) {
	got, err := parse("postgres://u:p%2Bq@db.invalid/db?application_name=a%20b+c&sslmode=&options=-c%20geqo%3Doff&search_path=%22x%22,public")
	if err != nil {
		t.Fatal(err)
	}
	c := got.config.ConnConfig
	if c.RuntimeParams["application_name"] != "a b+c" || c.RuntimeParams["options"] != "-c geqo=off" || c.Password != "p+q" || got.path != `"x",public` || c.RuntimeParams["search_path"] != "" {
		t.Errorf("got %q, %q and %q", c.RuntimeParams, c.Password, got.path)
	}
	if got.config.PingTimeout <= 0 {
		t.Error("the ping of an idle connection has no time limit")
	}
}

// major reads the major version.
func TestMajor(t *testing.T) {
	for version, want := range map[string]int{"15.12 (Debian 15.12-0+deb12u2)": 15, "17beta1": 17, "18": 18, "13.23": 13, "": 0, "x": 0} {
		if got := major(version); got != want {
			t.Errorf("%q: %d", version, got)
		}
	}
}

// A password with unescaped special characters is never shown, whichever way it splits the URL.
func TestPlainPasswordIsNotShown(t *testing.T) {
	for _, password := range []string{"1/sEcret", "1#sEcret", "1?sEcret", "1?a=sEcret", "a@sEcret", "a@b/sEcret", "a@b?sEcret", "a@b#sEcret", "a@b?x=1&sEcret", "@/sEcret", "sEcret@"} {
		_, err := parse("postgres://ci:" + password + "@db.invalid/plimsoll")
		if err == nil || !strings.Contains(err.Error(), "cannot be read") || strings.Contains(err.Error(), "sEcret") {
			t.Errorf("password %s: %v", password, err)
		}
	}
}

func cipherOf(way *pgconn.FallbackConfig) string {
	switch {
	case way.TLSConfig == nil:
		return "clear"
	case way.TLSConfig.InsecureSkipVerify:
		return "cipher"
	default:
		return "verified"
	}
}
