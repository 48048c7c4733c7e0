package http_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	calls "github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// sign makes a certificate for a host that is valid until then, and its key, both in PEM.
func (a authority) sign(t testing.TB, host string, until time.Time) (cert, key []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// secure starts a server with a certificate. HTTP/2 is offered if h2 is set.
func (a authority) secure(t testing.TB, host string, until time.Time, h2 bool, handler http.Handler) *httptest.Server {
	t.Helper()
	cert, key := a.sign(t, host, until)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = h2
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // its complaints about bad clients are expected
	t.Cleanup(server.Close)
	return server
}

var protocol = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	name := "nobody"
	if len(r.TLS.PeerCertificates) > 0 {
		name = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	fmt.Fprintf(w, "%s %s", r.Proto, name)
})

func TestTLS(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	hour := time.Now().Add(time.Hour)
	good := ours.secure(t, "127.0.0.1", hour, false, protocol)
	good.StartTLS()
	late := ours.secure(t, "127.0.0.1", time.Now().Add(-time.Minute), false, protocol)
	late.StartTLS()
	named := ours.secure(t, "shop.internal", hour, false, protocol)
	named.StartTLS()
	mutual := ours.secure(t, "127.0.0.1", hour, false, protocol)
	mutual.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	mutual.StartTLS()
	cert, key := ours.sign(t, "me", hour)
	plain := httptest.NewServer(protocol)
	defer plain.Close()
	for name, c := range map[string]struct {
		url  string
		tls  profile.TLS
		body string
		text string
	}{
		"good":                  {good.URL, profile.TLS{CA: ours.pem}, "HTTP/1.1 nobody", ""},
		"unknown authority":     {good.URL, profile.TLS{}, "", "the certificate is signed by an unknown authority"},
		"another authority":     {good.URL, profile.TLS{CA: others.pem}, "", "the certificate is signed by an unknown authority"},
		"anything":              {late.URL, profile.TLS{Insecure: true}, "HTTP/1.1 nobody", ""},
		"expired":               {late.URL, profile.TLS{CA: ours.pem}, "", "the certificate has expired or is not valid yet"},
		"another name":          {named.URL, profile.TLS{CA: ours.pem}, "", "the certificate is not for 127.0.0.1"},
		"the name it should be": {named.URL, profile.TLS{CA: ours.pem, ServerName: "shop.internal"}, "HTTP/1.1 nobody", ""},
		"mutual":                {mutual.URL, profile.TLS{CA: ours.pem, Cert: cert, Key: key}, "HTTP/1.1 me", ""},
		"mutual without":        {mutual.URL, profile.TLS{CA: ours.pem}, "", "the server refuses TLS: certificate required"},
		"no TLS at all":         {"https" + plain.URL[len("http"):], profile.TLS{}, "", "the server does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, version := range []profile.HTTPVersion{profile.HTTPAuto, profile.HTTP1} {
				to := target(c.url)
				to.TLS, to.HTTP = c.tls, version
				if o := once(t, to, peek("/")); c.text == "" {
					wantOK(t, o, 200, c.body)
				} else {
					wantFailure(t, o, tally.Transport, c.text)
				}
			}
		})
	}
}

// After an idle time, a late session ticket leaves the connection usable, and a close is noticed.
func TestTLSAfterIdle(t *testing.T) {
	ours := newAuthority(t)
	server := ours.secure(t, "127.0.0.1", time.Now().Add(time.Hour), false, protocol)
	var connections atomic.Int64
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	to := target(server.URL)
	to.HTTP, to.TLS.CA = profile.HTTP1, ours.pem
	r := peek("/")
	d := newUser(t, newHTTP(t, to, r))
	for range 3 {
		wantOK(t, d.Call(r.call, values{}), 200, "HTTP/1.1 nobody")
		d.Idle()
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
	server.CloseClientConnections()
	time.Sleep(10 * time.Millisecond)
	wantOK(t, d.Call(r.call, values{}), 200, "HTTP/1.1 nobody")
}

// requestsOf are the requests that threeUsers makes: a GET, a POST of another host, a HEAD and one more.
func requestsOf(one *request) []*request {
	return []*request{
		peek("/a?q=%20x"),
		{Method: "POST", Path: plan.Lit("/b"), Body: saved(0), Headers: []plan.Header{header("Host", "shop.test")}, Save: []plan.Save{{}}},
		{Method: "HEAD", Path: plan.Lit("/head")},
		one,
	}
}

// threeUsers makes requests three times as each of three users, of a server that answers with the version and the path.
func threeUsers(t *testing.T, h *calls.Clients, version string, requests []*request) {
	t.Helper()
	var users sync.WaitGroup
	for range 3 {
		users.Go(func() {
			d := h.User(t.Context())
			defer d.Close()
			for range 3 {
				for _, r := range requests {
					body := version + ".0 " + string(values{}.Append(nil, r.Path))
					if r.Method == "HEAD" {
						body = ""
					}
					wantOK(t, d.Call(r.call, values{"text"}), 200, body)
				}
				d.Idle()
			}
		})
	}
	users.Wait()
	if got := h.Spoken(); got != version {
		t.Errorf("protocol %s, want %s", got, version)
	}
}

func TestHTTP2(t *testing.T) {
	ours := newAuthority(t)
	var connections atomic.Int64
	var bodies sync.Map
	server := ours.secure(t, "127.0.0.1", time.Now().Add(time.Hour), true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies.Store(r.URL.Path, fmt.Sprintf("%s %s %d %s", r.Method, r.Host, r.ContentLength, body))
		if r.Method == "HEAD" {
			w.Header().Set("Content-Length", "100")
			return
		}
		fmt.Fprintf(w, "%s %s", r.Proto, r.RequestURI)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	one := ours.secure(t, "127.0.0.1", time.Now().Add(time.Hour), false, protocol)
	one.StartTLS()

	requests := requestsOf(&request{Method: "PUT", Path: plan.Lit("/empty"), Save: []plan.Save{{}}})
	for _, c := range []struct {
		version     profile.HTTPVersion
		shared      int
		connections int64 // of 3 users
	}{{profile.HTTPAuto, 0, 4}, {profile.HTTP2, 0, 3}, {profile.HTTP2, 1, 1}, {profile.HTTP2, 2, 2}} {
		connections.Store(0)
		to := target(server.URL)
		to.HTTP, to.TLS.CA, to.Connections = c.version, ours.pem, c.shared
		threeUsers(t, newHTTP(t, to, requests...), "HTTP/2", requests)
		if got := connections.Load(); got != c.connections {
			t.Errorf("%s, %d shared: %d connections, want %d", c.version, c.shared, got, c.connections)
		}
	}
	for path, want := range map[string]string{"/b": "POST shop.test 4 text", "/empty": "PUT " + server.Listener.Addr().String() + " 0 "} {
		if got, _ := bodies.Load(path); got != want {
			t.Errorf("%s: the server saw %q, want %q", path, got, want)
		}
	}
	to := target(one.URL)
	to.HTTP, to.TLS.Insecure = profile.HTTP2, true
	wantFailure(t, once(t, to, peek("/")), tally.Transport, "the server answers in HTTP/1.1, not in HTTP/2")
}
