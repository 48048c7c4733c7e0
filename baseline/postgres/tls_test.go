package postgres_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate, in PEM
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{file: filepath.Join(t.TempDir(), name+".pem")}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	cert, _ := a.sign(t, template)
	if err := os.WriteFile(a.file, []byte(cert), 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// sign makes a certificate and its key, both in PEM. The first one that an authority signs is its own.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if a.key == nil {
		a.key, a.cert = private, template
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if template == a.cert {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// served are the options of a server with this certificate. hba is its whole pg_hba.conf.
func (a *authority) served(t *testing.T, template *x509.Certificate, hba string) pgtest.Options {
	t.Helper()
	cert, key := a.sign(t, template)
	return pgtest.Options{
		Settings: []string{"ssl=on", "ssl_ca_file=root.crt"},
		Files: map[string]string{"server.crt": cert, "server.key": key, "pg_hba.conf": hba,
			"root.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))},
	}
}

// client gives the parameters of a URL that name a certificate for a user.
func (a *authority) client(t *testing.T, user string) string {
	t.Helper()
	cert, key := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: user}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	dir := t.TempDir()
	for name, text := range map[string]string{"client.crt": cert, "client.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "&sslcert=" + filepath.Join(dir, "client.crt") + "&sslkey=" + filepath.Join(dir, "client.key")
}

// tlsCase is a URL, and what the error of opening it must contain. Without want, it opens.
type tlsCase struct {
	database string
	want     []string
}

// ends checks them. No error of TLS advises to switch TLS off.
func ends(t *testing.T, cases map[string]tlsCase) {
	t.Helper()
	for name, c := range cases {
		store, err := postgres.Open(t.Context(), c.database)
		if err == nil {
			store.Close()
		}
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		}
		if err != nil && strings.Contains(strings.Join(strings.Fields(err.Error()), ""), "disable") {
			t.Errorf("%s: the advice switches TLS off: %v", name, err)
		}
	}
}

// Each error of TLS says how to mend it, and none advises to switch TLS off.
func TestTroubleWithTLS(t *testing.T) {
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	const encrypted = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
	server := pgtest.Server(t, ours.served(t, &x509.Certificate{DNSNames: []string{"db.test"}}, encrypted))
	with := func(query string) string {
		return change(t, server.URL(), func(u *url.URL) { u.RawQuery = query })
	}
	named := func(query string) string {
		return change(t, server.URL(), func(u *url.URL) {
			u.RawQuery = "hostaddr=127.0.0.1&" + query
			u.Host = "db.test:" + u.Port()
		})
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := "&sslrootcert=" + ours.file
	ends(t, map[string]tlsCase{
		"all as it should be":             {named("sslmode=verify-full" + root), nil},
		"with channel binding":            {named("sslmode=verify-full&channel_binding=require" + root), nil},
		"the name is not verified":        {with("sslmode=verify-ca" + root), nil},
		"nothing is verified":             {with("sslmode=require"), nil},
		"an address for the name":         {with("sslmode=verify-full" + root), []string{"x509", "the certificate is for db.test: write that name as the host", "hostaddr="}},
		"another name":                    {strings.Replace(named("sslmode=verify-full"+root), "db.test", "other.test", 1), []string{"is valid for db.test, not other.test", "If other.test is the right name, another server answers"}},
		"no authority is named":           {named("sslmode=verify-full"), []string{"unknown authority", "sslrootcert=FILE"}},
		"another authority":               {named("sslmode=verify-ca&sslrootcert=" + other.file), []string{"unknown authority", "the authority in " + other.file + " did not sign"}},
		"another authority, with require": {named("sslmode=require&sslrootcert=" + other.file), []string{"the authority in " + other.file + " did not sign"}},
		"in the clear":                    {with("sslmode=" + "disable"), []string{"write sslmode=require"}},
		"an unknown word":                 {named("sslmode=verify_full"), []string{"sslmode=verify_full is not known: expected one of verify-full, verify-ca, require"}},
		"an unknown word for binding":     {named("sslmode=verify-full&channel_binding=yes"), []string{"channel_binding=yes is not known: expected one of require, prefer"}},
		"no such file":                    {named("sslmode=verify-full&sslrootcert=/nowhere/ca.pem"), []string{"/nowhere/ca.pem: no such file"}},
		"a file without a certificate":    {named("sslmode=verify-full&sslrootcert=" + empty), []string{"holds no certificate"}},
		"a certificate without its key":   {named("sslmode=require&sslcert=" + ours.file), []string{"sslcert and sslkey belong together"}},
		"not an address":                  {named("hostaddr=db.test"), []string{"hostaddr=db.test is not an IP address"}},
		"more addresses than hosts":       {named("hostaddr=127.0.0.1,127.0.0.2"), []string{"hostaddr has 2 addresses for 1 hosts"}},
		"no parameter, on this machine":   {with(""), nil},
	})

	server.Restart(t, ours.served(t, &x509.Certificate{DNSNames: []string{"db.test"}, NotBefore: time.Now().AddDate(0, -2, 0), NotAfter: time.Now().AddDate(0, -1, 0)},
		"hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n"))
	ends(t, map[string]tlsCase{
		"expired":                            {named("sslmode=verify-full" + root), []string{"expired", "have it renewed", "clock"}},
		"no certificate of the client":       {with("sslmode=require"), []string{"client certificate", "sslcert=FILE and sslkey=FILE"}},
		"on this machine, encrypted or not":  {with(""), []string{"client certificate", "sslcert=FILE and sslkey=FILE"}},
		"the client's certificate":           {with("sslmode=require" + ours.client(t, "plimsoll")), nil},
		"a certificate for another user":     {with("sslmode=require" + ours.client(t, "somebody")), []string{"the certificate's common name must be the user"}},
		"a certificate of another authority": {with("sslmode=require" + other.client(t, "plimsoll")), []string{"refuses the client's certificate"}},
	})

	server.Restart(t, ours.served(t, &x509.Certificate{Subject: pkix.Name{CommonName: "db.test"}}, "hostssl nobody all 127.0.0.1/32 scram-sha-256\n"))
	ends(t, map[string]tlsCase{
		"a certificate without names":        {named("sslmode=verify-full" + root), []string{"must make one with a subjectAltName"}},
		"pg_hba.conf lets nobody in":         {with("sslmode=require"), []string{"pg_hba.conf", "whoever runs it can add a line"}},
		"neither encrypted nor in the clear": {with(""), []string{"pg_hba.conf", "whoever runs it can add a line"}},
	})
}

// On this machine a server without TLS is asked again in the clear. The error gives the answer to that, and not
// the lack of TLS.
func TestReasonOfAServerWithoutTLS(t *testing.T) {
	database := change(t, pgtest.Database(t), func(u *url.URL) { u.RawQuery = "" })
	full := settle(t, database)
	exec(t, database, "ALTER ROLE "+userIn(t, full)+" NOSUPERUSER CONNECTION LIMIT 0")
	ends(t, map[string]tlsCase{
		"a wrong password":  {change(t, database, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "guess") }), []string{"or the password is refused"}},
		"no such database":  {change(t, database, func(u *url.URL) { u.Path = "/nowhere" }), []string{"the server has no database nowhere"}},
		"no connection":     {full, []string{"the server has no connection left for the user"}},
		"a parameter":       {change(t, database, func(u *url.URL) { u.RawQuery = "ssl_mode=require" }), []string{"a parameter that the server does not take"}},
		"a library missing": {settle(t, database, "local_preload_libraries = 'nowhere'"), []string{"the server itself has a problem", "nowhere"}},
	})
}

// Only if a server or a pooler has no TLS at all, the error names sslmode=disable, and says what that means.
func TestServerWithoutTLS(t *testing.T) {
	database := pgtest.Database(t)
	for what, place := range map[string]string{"a server": database, "a pooler": pgtest.Pooler(t, database)} {
		for _, query := range []string{"sslmode=require", "sslmode=verify-full", "sslmode=require&channel_binding=require"} {
			_, err := postgres.Open(t.Context(), change(t, place, func(u *url.URL) { u.RawQuery = query }))
			for _, want := range []string{"refused TLS", "turn it on there", "can read and change the password", "a server on this machine or in a private network"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %s: got %v, want %q in it", what, query, err, want)
				}
			}
		}
		_, err := postgres.Open(t.Context(), change(t, place, func(u *url.URL) { u.RawQuery = "sslmode=disable&channel_binding=require" }))
		if err == nil || !strings.Contains(err.Error(), "channel_binding=require needs TLS") {
			t.Errorf("%s, bound to a channel that is not there: got %v", what, err)
		}
		_, err = postgres.Open(t.Context(), change(t, place, func(u *url.URL) { u.RawQuery = "sslmode=require&sslnegotiation=direct" }))
		if err == nil || strings.Contains(err.Error(), "disable") {
			t.Errorf("%s, TLS from the first byte: got %v", what, err)
		}
	}
}
